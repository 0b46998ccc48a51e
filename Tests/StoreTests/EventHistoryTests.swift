import Events
import Governance
import Redis
import Store
import Synchronization
import Testing

@Suite("The events that are kept")
struct EventHistoryTests {
    /// Numbers 1 to `count` of a new tenant, every third in the ledger.
    private func kept(_ count: Int, _ client: RedisClient) async throws -> (EventSource, RedisEventHistory) {
        let tenant = try TenantName.fresh()
        let keys = KeyNames.standard.keys(of: tenant)
        _ = try await client.send(["HSET", .text(keys.head), "epoch", "e", "seq", .integer(Int64(count))])
        for seq in 1...count {
            let stream = seq.isMultiple(of: 3) ? keys.ledger : keys.audit
            let json =
                #"{"type":"x","timestamp":"2026-01-01T00:00:0\#(seq % 10).000Z","tenantId":"\#(tenant)","seq":\#(seq),"epoch":"e","data":{}}"#
            _ = try await client.send(["XADD", .text(stream), .text("\(seq)-0"), "event", .text(json)])
        }
        return (EventSource(tenant), RedisEventHistory(redis: client, scripts: .watched))
    }

    @Test("a tenant's two streams are read as one, in pages that begin anywhere, from either end")
    func pages() async throws {
        let (source, history) = try await kept(20, SharedRedis.client)
        for (after, limit) in [(0, 7), (7, 7), (14, 7), (19, 7), (20, 7), (99, 7), (3, 1), (0, 100)] {
            let page = try await history.page(of: source, after: Int64(after), limit: limit)
            #expect(page.entries.map(\.seq) == Array(Array(Int64(1)...20).filter { $0 > after }.prefix(limit)))
            #expect(page.entries.allSatisfy { $0.record?.seq == $0.seq && $0.record?.source == source && $0.record?.epoch == "e" })
            #expect(page.epoch == "e" && page.last == 20 && page.horizon == 3)
        }
        for (before, limit) in [(nil, 5), (16, 5), (2, 5), (1, 5), (nil, 100)] as [(Int64?, Int)] {
            let page = try await history.newest(of: source, before: before, limit: limit)
            #expect(page.entries.map(\.seq) == Array(Array(Int64(1)...20).filter { $0 < before ?? 99 }.suffix(limit)))
        }
    }

    @Test("where nothing is kept there is an empty page")
    func nothing() async throws {
        let history = RedisEventHistory(redis: try await SharedRedis.client, scripts: .watched)
        let source = EventSource(try TenantName.fresh())
        let page = try await history.page(of: source, after: 0, limit: 10)
        #expect(page == EventPage(entries: [], epoch: "", horizon: 0, last: 0))
        #expect(try await history.newest(of: source, before: nil, limit: 10) == page)
    }

    @Test("what was trimmed from one stream is told by the horizon, and is one gap")
    func trimmed() async throws {
        let client = try await SharedRedis.client
        let (source, history) = try await kept(30, client)
        let tenant = try #require(source.tenant)
        _ = try await client.send(["XTRIM", .text(KeyNames.standard.keys(of: tenant).audit), "MAXLEN", "=", "4"])
        var walk = EventWalk(source, from: .init(epoch: "e", seq: 5))
        var items: [EventWalk.Item] = []
        while true {
            let taken = walk.take(try await history.page(of: source, after: walk.after, limit: 3), limit: 3)
            items += taken.items
            if !taken.hasMore { break }
        }
        let gaps = items.compactMap { if case .gap(let from, let to) = $0 { [from ?? 0, to] } else { nil } }
        #expect(gaps == [[7, 24]])
        let seqs = items.compactMap { if case .event(let record) = $0 { record.seq } else { nil } }
        #expect(seqs == [6, 9, 12, 15, 18, 21, 24, 25, 26, 27, 28, 29, 30])
    }

    @Test("a list of several tenants is by time, each one's events in their order, and goes on where a part ended")
    func listing() async throws {
        let client = try await SharedRedis.client
        let (one, history) = try await kept(23, client)
        let (two, _) = try await kept(11, client)
        let listing = EventListing(history, filter: EventFilter(sources: [one, two]))
        var seen: [EventSource: [Int64]] = [:]
        var cursor = EventCursor()
        var hasMore = true
        while hasMore {
            let part = try await listing.part(after: cursor, limit: 4)
            #expect(part.entries.count <= 4 && (part.hasMore || part.entries.count > 0 || cursor != EventCursor()))
            for case .event(let record) in part.entries.map(\.item) { seen[record.source, default: []].append(record.seq ?? 0) }
            (cursor, hasMore) = (part.cursor, part.hasMore)
        }
        #expect(seen == [one: Array(1...23), two: Array(1...11)])
        let newest = try await listing.newest(6)
        #expect(newest.entries.count == 6 && newest.hasMore)
        #expect(newest.cursor.positions == [one: .init(epoch: "e", seq: 23), two: .init(epoch: "e", seq: 11)])
        #expect(try await listing.part(after: newest.cursor, limit: 5).entries.isEmpty)
    }

    @Test("what is published for any tenant is heard whole, again after the connection was lost")
    func broadcast() async throws {
        try await PrivateRedis.run { redis in
            let heard = Heard()
            let broadcast = RedisEventBroadcast(redis.client)
            let listening = Task { try await broadcast.listen(onReady: { heard.ready() }, onEvent: { heard.event($0) }) }
            for round in 1...2 {
                #expect(await eventually { heard.readies == round })
                for tenant in ["acme", "other", "_"] {
                    let json = #"{"type":"x","timestamp":"t","seq":\#(round),"epoch":"e","data":{"enforced":false}}"#
                    _ = try await redis.client.send(["PUBLISH", .text("satgate:events:\(tenant)"), .text(json)])
                }
                _ = try await redis.client.send(["PUBLISH", "satgate:events:acme", "no event"])
                _ = try await redis.client.send(["PUBLISH", "satgate:control", "tenant acme"])
                #expect(await eventually { heard.events.count == 3 * round })
                _ = try await redis.client.send(["CLIENT", "KILL", "TYPE", "pubsub"])
            }
            #expect(heard.events.allSatisfy { $0.isUnenforced && $0.type == "x" })
            listening.cancel()
            _ = await listening.result
        }
    }

    /// What a listener was told.
    private final class Heard: Sendable {
        private let state = Mutex<(readies: Int, events: [EventRecord])>((0, []))
        var readies: Int { state.withLock { $0.readies } }
        var events: [EventRecord] { state.withLock { $0.events } }
        func ready() { state.withLock { $0.readies += 1 } }
        func event(_ record: EventRecord) { state.withLock { $0.events.append(record) } }
    }
}
