import Fixtures
import Gateway
import Governance
import Redis
import Store
import Synchronization
import Testing

/// An implementation of the outbox that the conformance suite runs on.
struct OutboxUnderTest: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let open: @Sendable () async throws -> OutboxWorld

    static let all =
        [
            OutboxUnderTest(testDescription: "in memory") {
                let world = try LedgerWorld.inMemory()
                return OutboxWorld(tenant: world.tenant, sessions: world.sessions, outbox: InMemoryOutbox(world.sessions))
            },
            OutboxUnderTest(testDescription: "Redis, its keys watched") { try await redis(.chosen, .watched) },
        ]
        + RedisTopology.allCases.map { topology in
            OutboxUnderTest(testDescription: topology.testDescription) { try await redis(topology, .embedded) }
        }

    private static func redis(_ topology: RedisTopology, _ scripts: StoreScripts) async throws -> OutboxWorld {
        let client = try await SharedRedis.client(of: topology)
        let world = try LedgerWorld.redis(client, scripts)
        return OutboxWorld(tenant: world.tenant, sessions: world.sessions, outbox: RedisOutbox(redis: client, scripts: scripts))
    }
}

/// An outbox with the sessions beside it.
struct OutboxWorld: Sendable {
    let tenant: TenantName
    let sessions: any SessionDirectory
    let outbox: any Outbox
    let origin = AnswerOrigin(node: .sample, requests: Array("\"a\\u0000\"".utf8))

    /// A stream of a session that lives.
    func stream() async throws -> AnswerStream {
        let session = Session(id: SessionID(), tenant: tenant, principal: .sample("a"), transport: .streamable)
        try await sessions.open(session)
        return AnswerStream(tenant: tenant, session: session.id, name: NodeID().text)
    }

    @discardableResult
    func append(_ sequence: Int64, _ data: [UInt8], isLast: Bool = false, to stream: AnswerStream) async throws -> Int64? {
        try await outbox.append(KeptEvent(sequence: sequence, data: data, isLast: isLast), of: stream, from: origin)
    }

    /// All that is read behind the event, page by page.
    func all(_ stream: AnswerStream, after sequence: Int64) async throws -> [Int64] {
        var found: [Int64] = []
        while let page = try await outbox.read(stream, after: found.last ?? sequence, fence: nil), !page.events.isEmpty {
            found += page.events.map(\.sequence)
        }
        return found
    }
}

/// The reference model of the outbox.
final class InMemoryOutbox: Outbox {
    private struct Kept {
        var fence: Int64 = 0
        var first: Int64 = 1
        var last: Int64 = 0
        var hasEnded = false
        var origin: AnswerOrigin
        var events: [(sequence: Int64, data: [UInt8])] = []
        var bytes: Int { events.reduce(0) { $0 + $1.data.count } }
    }

    private let sessions: any SessionDirectory
    private let kept = Mutex<[AnswerStream: Kept]>([:])

    init(_ sessions: any SessionDirectory) { self.sessions = sessions }

    func append(_ event: KeptEvent, of stream: AnswerStream, from origin: AnswerOrigin) async throws(StoreError) -> Int64? {
        guard try await sessions.find(stream.session, of: stream.tenant) != nil else { return nil }
        return kept.withLock { all in
            var kept = all[stream] ?? Kept(origin: origin)
            guard event.sequence > kept.last else { return kept.fence }
            kept.events.append((event.sequence, event.data))
            while kept.events.count > 1000 || kept.bytes > 4 << 20 { kept.first = kept.events.removeFirst().sequence + 1 }
            (kept.last, kept.hasEnded, kept.origin) = (event.sequence, event.isLast, origin)
            all[stream] = kept
            return kept.fence
        }
    }

    func post(_ message: [UInt8], to stream: AnswerStream, from node: NodeID) async throws(StoreError) -> PostedMessage? {
        let last = kept.withLock { $0[stream]?.last ?? 0 }
        let origin = AnswerOrigin(node: node, requests: [])
        let event = KeptEvent(sequence: last + 1, data: message, isLast: false)
        guard try await append(event, of: stream, from: origin) != nil else { return nil }
        return PostedMessage(sequence: last + 1, holder: try await holder(of: stream.session, of: stream.tenant))
    }

    func holder(of session: SessionID, of tenant: TenantName) async throws(StoreError) -> NodeID? {
        (sessions as? InMemorySessionDirectory)?.holder(of: session, of: tenant)
    }

    func release(_ session: SessionID, of tenant: TenantName, fence: Int64) async throws(StoreError) {
        (sessions as? InMemorySessionDirectory)?.release(session, of: tenant, fence: fence)
    }

    func read(_ stream: AnswerStream, after sequence: Int64, fence: Int64?) async throws(StoreError) -> OutboxPage? {
        guard try await sessions.find(stream.session, of: stream.tenant) != nil else { return nil }
        return kept.withLock { all in
            guard var kept = all[stream] else { return nil }
            if fence == nil { kept.fence += 1 }
            all[stream] = kept
            return OutboxPage(
                fence: kept.fence, first: kept.first, last: kept.last, origin: kept.origin, hasEnded: kept.hasEnded,
                events: Array(kept.events.filter { $0.sequence > sequence }.prefix(100)))
        }
    }
}
