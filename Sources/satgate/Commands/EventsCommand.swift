import ArgumentParser
import Console
import Events
import Foundation
import Governance
import Logging
import NIOCore
import Store

/// `satgate events`: what has happened, and what happens.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show what has happened, and with --follow what happens.",
        discussion: "Without --after the newest are shown: 20, or with --follow none.")

    @Flag(name: .shortAndLong, help: "Go on with what happens, until interrupted.")
    var follow = false
    @Option(help: "Only this tenant's; _ stands for none. May be repeated.")
    var tenant: [String] = []
    @Option(help: "Only events of this type. May be repeated.")
    var type: [String] = []
    @Flag(help: "Only what hard mode would have refused.")
    var unenforced = false
    @Option(help: "Begin with the newest so many.")
    var last: Int?
    @Option(help: "Begin behind this cursor, a list of <tenant>@<epoch>-<seq>.")
    var after: String?
    @Flag(help: "Print each event as one line of JSON.")
    var json = false
    @OptionGroup var store: StoreOptions

    func validate() throws {
        _ = try filter()
        _ = try cursor()
        if after != nil, last != nil { throw ValidationError("--after and --last: only one of them") }
        if let last, !(0...100_000).contains(last) { throw ValidationError("--last: a number from 0 to 100000") }
    }

    func run() async throws {
        try await store.connected { connection in
            let history = RedisEventHistory(redis: connection.redis, names: connection.names)
            let start = try await showKept(history)
            if follow { try await showLive(history, connection, after: start) }
        }
    }

    private func filter() throws -> EventFilter {
        let sources = try tenant.map { text in
            guard let source = EventSource(text) else { throw ValidationError("--tenant: neither a tenant's name nor _") }
            return source
        }
        for text in type where !EventFilter.isType(text) { throw ValidationError("--type: small letters and _") }
        return EventFilter(
            sources: sources.isEmpty ? nil : Set(sources), types: type.isEmpty ? nil : Set(type), onlyUnenforced: unenforced)
    }

    private func cursor() throws -> EventCursor? {
        guard let after else { return nil }
        guard let cursor = EventCursor(after) else { throw ValidationError("--after: no cursor") }
        return cursor
    }

    /// Prints what is kept; behind it: nil where nothing was asked for.
    private func showKept(_ history: RedisEventHistory) async throws -> EventCursor? {
        let listing = EventListing(history, filter: try filter())
        if var cursor = try cursor() {
            while true {
                let part = try await listing.part(after: cursor, limit: 500)
                for entry in part.entries { show(FeedItem(entry)) }
                cursor = part.cursor
                if !part.hasMore { return cursor }
            }
        }
        let count = last ?? (follow ? 0 : 20)
        guard count > 0 else { return nil }
        let part = try await listing.newest(count)
        for entry in part.entries { show(FeedItem(entry)) }
        return part.cursor
    }

    private func showLive(_ history: RedisEventHistory, _ connection: StoreOptions.Connection, after start: EventCursor?) async throws {
        let broadcast = RedisEventBroadcast(connection.redis, names: connection.names)
        let feed = EventFeed(
            history: history, broadcast: broadcast, limits: connection.names.publishesEvents ? FeedLimits() : .unrung,
            logger: Logger(label: "satgate", level: .critical))
        let filter = try filter()
        let running = Task { await feed.run() }
        defer { running.cancel() }
        let (calls, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        var cursor = start
        var reader = feed.open(filter, after: cursor) { bell.yield() }
        for await _ in calls {
            taking: while true {
                switch feed.take(reader) {
                case .nothing: break taking
                case .greeting(let begun): cursor = begun
                case .items(let items):
                    for item in items {
                        show(item)
                        if let position = item.position { cursor?.positions[item.source] = position }
                    }
                case .tooSlow:
                    feed.close(reader)
                    reader = feed.open(filter, after: cursor) { bell.yield() }
                    break taking
                }
            }
        }
    }

    private func show(_ item: FeedItem) {
        let text = String(buffer: item.text)
        FileHandle.standardOutput.write(Data((json ? text : EventLine(text)?.text ?? printable(text)).utf8 + [UInt8(ascii: "\n")]))
    }
}
