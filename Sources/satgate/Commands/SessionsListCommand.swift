import ArgumentParser
import Console
import Foundation
import Governance
import Redis
import Store

/// `satgate sessions list`: all sessions, of each tenant those first that were used last.
struct SessionsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the sessions of agents.")

    @Option(help: "Only this tenant's.")
    var tenant: String?
    @Option(help: "At most so many of each tenant, those that were used last.")
    var limit: Int?
    @Flag(help: "Print JSON, as the admin API has it.")
    var json = false
    @OptionGroup var options: WatchOptions
    @OptionGroup var store: StoreOptions

    func validate() throws {
        _ = try tenant.map(tenantName)
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws { try await options.show(store) { try await output($0) } }

    /// What is printed.
    func output(_ connection: StoreOptions.Connection) async throws -> String {
        let tenants = if let tenant { [try tenantName(tenant)] } else { try await connection.tenants.names() }
        var found: [ObservedSession] = []
        for tenant in tenants { found += try await sessions(of: tenant, connection) }
        guard !json else { return String(decoding: try AdminJSON.bytes(found.map(SessionItem.init)), as: UTF8.self) + "\n" }
        return Self.table(found, now: connection.redis.now())
    }

    /// By expiry none is missed that is used meanwhile.
    private func sessions(of tenant: TenantName, _ connection: StoreOptions.Connection) async throws -> [ObservedSession] {
        if let limit {
            return try await connection.sessions.list(of: tenant, in: .recent, after: nil, limit: limit).sessions
        }
        var found: [SessionID: ObservedSession] = [:]
        var cursor: SessionCursor?
        repeat {
            let page = try await connection.sessions.list(of: tenant, in: .expiry, after: cursor, limit: 1000)
            for each in page.sessions { found[each.session.id] = each }
            cursor = page.next
        } while cursor != nil
        return found.values.sorted { ($0.lastSeen, $0.session.id.text) > ($1.lastSeen, $1.session.id.text) }
    }

    static func table(_ found: [ObservedSession], now: Int64) -> String {
        var table = TextTable(
            head: ["TENANT", "SESSION", "AGENT", "ERA", "TRANSPORT", "NODE", "OPENED", "LAST SEEN", "CALLS", "CREDITS", "LABEL"],
            numbers: [8, 9])
        table.rows = found.map { each in
            let session = each.session
            let agent = [each.agent, each.agentVersion].compactMap { $0.map(printable) }.joined(separator: " ")
            return [
                session.tenant.text, session.id.text, agent.isEmpty ? "-" : agent, session.revision.map(printable) ?? "-",
                session.transport.rawValue, each.node?.text ?? "-", each.opened.map { TextTable.time($0, now: now) } ?? "-",
                TextTable.time(each.lastSeen, now: now), String(each.calls), each.credits.description, session.label.map(printable) ?? "-",
            ]
        }
        return table.text
    }
}
