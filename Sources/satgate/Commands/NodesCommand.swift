import ArgumentParser
import Console
import Foundation
import Governance
import Redis
import Store

/// `satgate nodes`: the nodes that live.
struct NodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "nodes", abstract: "List the nodes that live.")

    @Flag(help: "Print JSON, as the admin API has it.")
    var json = false
    @OptionGroup var options: WatchOptions
    @OptionGroup var store: StoreOptions

    func run() async throws { try await options.show(store) { try await output($0) } }

    /// What is printed.
    func output(_ connection: StoreOptions.Connection) async throws -> String {
        let found = try await RedisNodeMonitor(redis: connection.redis, names: connection.names).nodes()
        guard !json else {
            return String(decoding: try AdminJSON.bytes(found.map { NodeItem($0, isThis: false) }), as: UTF8.self) + "\n"
        }
        return Self.table(found, now: connection.redis.now())
    }

    static func table(_ found: [ObservedNode], now: Int64) -> String {
        var table = TextTable(
            head: ["NODE", "HOST", "VERSION", "STARTED", "LAST SEEN", "STREAMS", "CALLS", "MEMORY"], numbers: [5, 6, 7])
        table.rows = found.map { node in
            let facts = node.facts
            return [
                node.id.text, facts.map { printable($0.host) } ?? "-", facts.map { printable($0.version) } ?? "-",
                facts.map { TextTable.time($0.started, now: now) } ?? "-", TextTable.time(node.lastSeen, now: now),
                facts.map { String($0.streams) } ?? "-", facts.map { String($0.calls) } ?? "-",
                facts.map { "\($0.memory >> 20) MiB" } ?? "-",
            ]
        }
        return table.text
    }
}
