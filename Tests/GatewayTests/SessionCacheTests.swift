import Governance
import Synchronization
import Testing

@testable import Gateway

@Suite("The session cache")
struct SessionCacheTests {
    private let directory = RecordingDirectory()
    private let cache: SessionCache
    private let session: Session

    init() throws {
        cache = SessionCache(directory)
        session = Session(id: SessionID(), tenant: try #require(TenantName("acme")), principal: .of("a"), transport: .streamable)
    }

    @Test("serves a session it knows without asking the directory")
    func knows() async throws {
        try await cache.open(session)
        #expect(try await cache.resume(session.id, for: .of(session), proven: true)?.known.session == session)
        #expect(directory.finds == 0)
    }

    @Test("asks the directory for a session of another node, once")
    func learns() async throws {
        _ = try await directory.open(session)
        #expect(try await cache.resume(session.id, for: .of(session), proven: false)?.known.session == session)
        #expect(try await cache.resume(session.id, for: .of(session), proven: false)?.known.session == session)
        #expect(directory.finds == 1)
    }

    @Test("hides a session from another principal and from another tenant, cached or not")
    func hides() async throws {
        let thief = Grant.of(Session(id: session.id, tenant: session.tenant, principal: .of("b"), transport: .streamable))
        let stranger = Grant.of(
            Session(id: session.id, tenant: try #require(TenantName("other")), principal: session.principal, transport: .streamable))
        _ = try await directory.open(session)
        #expect(try await cache.resume(session.id, for: thief, proven: false) == nil)
        #expect(try await cache.resume(session.id, for: .of(session), proven: false) != nil)
        #expect(try await cache.resume(session.id, for: thief, proven: true) == nil)
        #expect(try await cache.resume(session.id, for: stranger, proven: true) == nil)
    }

    @Test("forgets a session that ended elsewhere")
    func drops() async throws {
        try await cache.open(session)
        _ = try await directory.close(session.id, of: session.tenant)
        cache.drop(session.id)
        #expect(try await cache.resume(session.id, for: .of(session), proven: true) == nil)
    }

    @Test("makes a presence where there is none, and asks no more for a while")
    func appears() async throws {
        let presence = Session(id: SessionID(), tenant: session.tenant, principal: session.principal, transport: .stateless)
        #expect(try await cache.appear(presence) == .new)
        #expect(try await cache.appear(presence) == .known)
        _ = try await directory.close(presence.id, of: presence.tenant)
        #expect(try await cache.appear(presence) == .known)
        cache.dropAll()
        #expect(try await cache.appear(presence) == .new, "what Redis has lost is made again")
    }

    @Test("lets a presence live on whenever it is told to, and makes it again where it is gone")
    func prolongs() async throws {
        let presence = Session(id: SessionID(), tenant: session.tenant, principal: session.principal, transport: .stateless)
        #expect(try await cache.appear(presence) == .new)
        #expect(try await cache.prolong(presence) == .known)
        _ = try await directory.close(presence.id, of: presence.tenant)
        #expect(try await cache.prolong(presence) == .new)
        #expect(try await cache.appear(presence) == .known)
    }

    @Test("knows a presence that another node has made")
    func appearsElsewhere() async throws {
        let presence = Session(id: SessionID(), tenant: session.tenant, principal: session.principal, transport: .stateless)
        _ = try await directory.open(presence)
        #expect(try await cache.appear(presence) == .known)
    }
}

/// Sessions in a dictionary, and how often it was asked.
private final class RecordingDirectory: SessionDirectory {
    private let state = Mutex<(sessions: [SessionID: Session], finds: Int)>(([:], 0))

    var finds: Int { state.withLock { $0.finds } }

    func open(_ session: Session) async throws(StoreError) -> Bool {
        state.withLock { $0.sessions[session.id] = session }
        return true
    }

    func update(_ session: Session) async throws(StoreError) -> Bool {
        state.withLock { $0.sessions.updateValue(session, forKey: session.id) != nil }
    }

    func find(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Session? {
        state.withLock { state in
            state.finds += 1
            return state.sessions[id].flatMap { $0.tenant == tenant ? $0 : nil }
        }
    }

    func touch(_ id: SessionID, of tenant: TenantName, transport: Session.Transport) async throws(StoreError) -> Bool {
        state.withLock { $0.sessions[id] != nil }
    }

    func takeStream(of id: SessionID, of tenant: TenantName, for node: NodeID) async throws(StoreError) -> Int64? { nil }

    func keepStream(of id: SessionID, of tenant: TenantName, fence: Int64) async throws(StoreError) -> StreamStanding { .gone }

    func close(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Bool {
        state.withLock { $0.sessions.removeValue(forKey: id) != nil }
    }

    func begin(_ request: CallID, in id: SessionID, of tenant: TenantName, at node: NodeID) async throws(StoreError) -> Bool { false }

    func end(_ request: CallID, in id: SessionID, of tenant: TenantName, at node: NodeID) async throws(StoreError) {}

    func part(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Set<NodeID> { [] }
}
