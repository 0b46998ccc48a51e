import Governance
import Logging
import Synchronization
import Testing

@testable import Gateway

/// What Redis would answer, and how often it was asked for everything.
private final class Listed: Revocations {
    private let state = Mutex<(ids: [(place: Int64, id: TokenID)], full: Int)>(([], 0))

    func add(_ id: TokenID, at place: Int64) {
        state.withLock { state in
            state.ids.append((place, id))
            state.ids.sort { $0.place < $1.place }
        }
    }
    var fullReads: Int { state.withLock { $0.full } }

    func revoke(_ revocation: Revocation, of tenant: TenantName) async throws(StoreError) -> RevocationOutcome { .known }
    func revoked(of tenant: TenantName, after place: Int64?) async throws(StoreError) -> RevokedIDs {
        state.withLock { state in
            if place == nil { state.full += 1 }
            let found = state.ids.filter { $0.place > place ?? .min }
            return RevokedIDs(ids: found.map(\.id), place: found.last?.place, count: state.ids.count)
        }
    }
}

@Suite("What a node knows of revoked tokens", .timeLimit(.minutes(1)))
struct RevokedTokensTests {
    private let listed = Listed()
    private let tenant: TenantName
    private let revoked: RevokedTokens

    init() throws {
        tenant = try #require(TenantName("acme"))
        revoked = RevokedTokens(listed, logger: Logger(label: "test"))
    }

    private func grant(_ lineage: TokenID...) throws -> Grant {
        Grant(
            tenant: tenant, token: try #require(lineage.last), lineage: lineage, expires: .max, scope: Scope(), budget: nil, caps: [],
            label: nil)
    }

    @Test("what was revoked before the tenant was first asked for counts, for all that is made of it and nothing else")
    func first() async throws {
        listed.add(.of("a"), at: 1)
        #expect(try await revoked.includes(grant(.of("a"))))
        #expect(try await revoked.includes(grant(.of("a"), .of("b"))))
        #expect(try await revoked.includes(grant(.of("c"), .of("b"))) == false)
        #expect(listed.fullReads == 1, "asked once")
    }

    @Test("what is heard counts at once, and has what was judged before judged again")
    func heard() async throws {
        #expect(try await revoked.includes(grant(.of("a"))) == false)
        let before = revoked.generation
        revoked.hear(.of("b"), of: tenant)
        #expect(revoked.generation > before)
        #expect(try await revoked.includes(grant(.of("b"), .of("a"))))
        #expect(try await revoked.includes(grant(.of("a"))) == false)
        let after = revoked.generation
        revoked.hear(.of("b"), of: tenant)
        #expect(revoked.generation == after)
    }

    @Test("what nobody told is read, also where it came under an earlier place, and unchanged lists are not read whole")
    func lost() async throws {
        let running = Task { try await revoked.run() }
        defer { running.cancel() }
        listed.add(.of("a"), at: 10)
        let grants = try [grant(.of("b")), grant(.of("c"))]
        for grant in grants { #expect(try await revoked.includes(grant) == false) }
        listed.add(.of("b"), at: 20)
        revoked.doubt()
        try await until { try await self.revoked.includes(grants[0]) }
        #expect(listed.fullReads == 1, "only what was new")
        listed.add(.of("c"), at: 5)
        revoked.doubt()
        try await until { try await self.revoked.includes(grants[1]) }
        #expect(listed.fullReads == 2)
    }

    @Test("streams end whose token is revoked, and those of what is made of it, once, and no others")
    func streams() async throws {
        let ended = Mutex<[String]>([])
        func watch(_ name: String, _ lineage: TokenID...) throws -> WatchedStreams.Place {
            let grant = Grant(
                tenant: tenant, token: try #require(lineage.last), lineage: lineage, expires: .max, scope: Scope(), budget: nil, caps: [],
                label: nil)
            return revoked.watch(grant) { ended.withLock { $0.append(name) } }
        }
        _ = try await revoked.includes(grant(.of("a")))
        _ = try watch("parent", .of("a"))
        _ = try watch("child", .of("a"), .of("b"))
        let gone = try watch("gone", .of("b"))
        _ = try watch("other", .of("c"))
        revoked.unwatch(gone)
        revoked.hear(.of("b"), of: tenant)
        #expect(ended.withLock { $0 } == ["child"])
        revoked.hear(.of("a"), of: tenant)
        #expect(ended.withLock { $0 }.contains("parent") && !ended.withLock { $0 }.contains("other"))
        _ = try watch("late", .of("a"), .of("d"))
        #expect(ended.withLock { $0 }.last == "late", "one that opens while its token is revoked")
    }

    @Test("a tenant that nobody asks for is forgotten, unless a stream of it is open")
    func idle() async throws {
        let revoked = RevokedTokens(listed, idle: .zero, logger: Logger(label: "test"))
        let running = Task { try await revoked.run() }
        defer { running.cancel() }
        listed.add(.of("f"), at: 0)
        let grant = try grant(.of("a"))
        let place = revoked.watch(grant) {}
        #expect(try await revoked.includes(grant) == false)
        revoked.doubt()
        listed.add(.of("a"), at: 1)
        revoked.doubt()
        try await until { try await revoked.includes(grant) }
        #expect(listed.fullReads == 1)
        revoked.unwatch(place)
        let before = revoked.generation
        revoked.doubt()
        try await until { revoked.generation > before }
        #expect(try await revoked.includes(grant))
        #expect(listed.fullReads == 2)
    }

    private func until(_ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(2))
        }
        Issue.record("not in time")
    }
}
