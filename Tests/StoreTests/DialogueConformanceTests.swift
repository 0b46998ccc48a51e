import Fixtures
import Governance
import MCPWire
import Store
import Testing
import Upstreams

@Suite("What every keeper of upstream sessions does")
struct DialogueConformanceTests {
    @Test("a kept session is found by any node until it is taken", arguments: DialogueUnderTest.all)
    func life(_ subject: DialogueUnderTest) async throws {
        let world = try await subject.open()
        let (session, other) = (try await world.session(), try await world.session())
        let second = try UpstreamName.named("second")
        let odd = SessionTerms(transport: .sse, revision: "odd one", id: " 3 é\n ", capabilities: [.prompts, .completions])
        #expect(try await world.find(session) == nil)
        #expect(try await world.keep(.sample("a"), session) == .kept)
        #expect(try await world.keep(odd, session, second) == .kept)
        #expect(try await world.keep(.sample(nil), other) == .kept)
        #expect(try await world.find(session) == .sample("a"))
        #expect(try await world.find(session, second) == odd)
        #expect(try await world.find(other) == .sample(nil))
        #expect(try await [world.count(), world.count(second)] == [2, 1])
        #expect(try await world.take(session) == [.sample: .sample("a"), second: odd])
        #expect(try await world.take(session) == [:])
        #expect(try await world.find(session) == nil)
        #expect(try await [world.count(), world.count(second)] == [1, 0])
        #expect(try await world.takeOrphans() == [])
    }

    @Test("of nodes that claim an ear the first has it until it is named as lost, or its session ends", arguments: DialogueUnderTest.all)
    func ears(_ subject: DialogueUnderTest) async throws {
        let world = try await subject.open()
        let session = try await world.session()
        let (first, second) = (EarClaim(node: NodeID(), id: "a b"), EarClaim(node: NodeID(), id: "a b"))
        func claim(_ claim: EarClaim, insteadOf other: EarClaim? = nil, _ session: SessionID) async throws -> EarClaim? {
            try await world.dialogues.claimEar(claim, on: .sample, for: session, of: world.tenant, insteadOf: other)
        }
        #expect(try await claim(first, session) == first)
        #expect(try await claim(first, session) == first)
        #expect(try await claim(second, session) == first)
        #expect(try await claim(second, insteadOf: second, session) == first)
        #expect(try await claim(second, insteadOf: first, session) == second)
        #expect(try await claim(first, insteadOf: first, session) == second)
        #expect(try await claim(first, try await world.session()) == first, "another agent's")
        _ = try await world.sessions.close(session, of: world.tenant)
        #expect(try await claim(second, session) == nil)
    }

    @Test("what an agent watches is noted in its session, up to a bound, and ends with it", arguments: DialogueUnderTest.all)
    func watches(_ subject: DialogueUnderTest) async throws {
        let world = try await subject.open()
        let session = try await world.session()
        let second = try UpstreamName.named("second")
        let nodes = [NodeID(), NodeID()]
        func watch(_ uri: String, _ upstream: UpstreamName = .sample, by node: Int = 0) async throws -> Watching {
            try await world.dialogues.watch(uri, of: upstream, for: session, of: world.tenant, by: nodes[node], most: 3)
        }
        func watched() async throws -> [UpstreamName: [String]] {
            try await world.dialogues.watched(by: session, of: world.tenant).mapValues { $0.keys.sorted() }
        }
        #expect(try await watched() == [:])
        #expect(try await [watch("a:1"), watch("a:1"), watch("a: b  c", second), watch("a:2")] == [.noted, .noted, .noted, .noted])
        #expect(try await watch("a:3") == .full)
        #expect(try await watch("a:2", by: 1) == .noted)
        #expect(try await world.dialogues.watched(by: session, of: world.tenant)[.sample] == ["a:1": nodes[0], "a:2": nodes[1]])
        #expect(try await watched() == [.sample: ["a:1", "a:2"], second: ["a: b  c"]])
        func isWatched(_ uri: String) async throws -> Bool {
            try await world.dialogues.isWatched(uri, of: .sample, by: session, of: world.tenant)
        }
        #expect(try await [isWatched("a:1"), isWatched("a:3"), isWatched("a: b  c")] == [true, false, false])
        for _ in 0..<2 { try await world.dialogues.unwatch("a:1", of: .sample, for: session, of: world.tenant) }
        #expect(try await [watch("a:3"), watch("a:4")] == [.noted, .full])
        #expect(try await world.sessions.find(session, of: world.tenant)?.id == session)
        _ = try await world.sessions.close(session, of: world.tenant)
        #expect(try await watch("a:1") == .sessionGone)
        #expect(try await watched() == [:])
    }

    @Test("of nodes that keep at once one is right, and the others are told its session", arguments: DialogueUnderTest.all)
    func race(_ subject: DialogueUnderTest) async throws {
        let world = try await subject.open()
        let session = try await world.session()
        let outcomes = try await withThrowingTaskGroup(of: (String, Keeping).self) { group in
            for number in 0..<16 {
                group.addTask { ("\(number)", try await world.keep(.sample("\(number)"), session)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let winners = outcomes.filter { $0.1 == .kept }.map(\.0)
        try #require(winners.count == 1)
        #expect(outcomes.allSatisfy { $0.1 == .kept || $0.1 == .existing(.sample(winners[0])) })
        #expect(try await world.find(session) == .sample(winners[0]))
        #expect(try await world.count() == 1)
    }

    @Test("a keep that comes twice is kept once, and is not taken for another's", arguments: DialogueUnderTest.all)
    func repeated(_ subject: DialogueUnderTest) async throws {
        let world = try await subject.open()
        let session = try await world.session()
        #expect(try await world.keep(.sample("a"), session, cap: 1) == .kept)
        #expect(try await world.keep(.sample("a"), session, cap: 1) == .kept)
        #expect(try await world.keep(.sample("b"), session, replacing: "a", cap: 1) == .kept)
        #expect(try await world.keep(.sample("b"), session, replacing: "a", cap: 1) == .kept)
        #expect(try await world.count() == 1)
    }

    @Test("a session is replaced only while it is still the one that was lost", arguments: DialogueUnderTest.all)
    func replacing(_ subject: DialogueUnderTest) async throws {
        let world = try await subject.open()
        let session = try await world.session()
        #expect(try await world.keep(.sample("a"), session) == .kept)
        #expect(try await world.keep(.sample("x"), session, replacing: "") == .existing(.sample("a")))
        #expect(try await world.keep(.sample("b"), session, replacing: "a") == .kept)
        #expect(try await world.keep(.sample("c"), session, replacing: "a") == .existing(.sample("b")))
        #expect(try await world.find(session) == .sample("b"))
        #expect(try await world.keep(.sample("abc"), session, replacing: "b") == .kept)
        #expect(try await world.keep(.sample("d"), session, replacing: "ab") == .existing(.sample("abc")))
        #expect(try await world.count() == 1)
        _ = try await world.take(session)
        #expect(try await world.keep(.sample("e"), session, replacing: "b") == .kept)
    }

    @Test("where the upstream kept no session, one with an id takes its place", arguments: DialogueUnderTest.all)
    func sessionless(_ subject: DialogueUnderTest) async throws {
        let world = try await subject.open()
        let session = try await world.session()
        #expect(try await world.keep(.sample(nil), session) == .kept)
        #expect(try await world.keep(.sample("a"), session) == .kept)
        #expect(try await world.keep(.sample(nil), session) == .existing(.sample("a")))
        #expect(try await world.count() == 1)
    }

    @Test("no more are kept than may be, orphans among them until they are taken", arguments: DialogueUnderTest.all)
    func cap(_ subject: DialogueUnderTest) async throws {
        let world = try await subject.open()
        let second = try UpstreamName.named("second")
        var sessions: [SessionID] = []
        for _ in 0..<4 { sessions.append(try await world.session()) }
        #expect(try await world.keep(.sample("0"), sessions[0], cap: 2) == .kept)
        #expect(try await world.keep(.sample("1"), sessions[1], cap: 2) == .kept)
        #expect(try await world.keep(.sample("2"), sessions[2], cap: 2) == .full)
        #expect(try await world.keep(.sample("3"), sessions[1], cap: 2) == .existing(.sample("1")))
        #expect(try await world.keep(.sample("2"), sessions[2], second, cap: 2) == .kept)
        try await world.expire([sessions[0]])
        #expect(try await world.keep(.sample("2"), sessions[2], cap: 2) == .full)
        #expect(try await world.takeOrphans().map(\.terms) == [.sample("0")])
        #expect(try await world.keep(.sample("2"), sessions[2], cap: 2) == .kept)
        _ = try await world.take(sessions[1])
        #expect(try await world.keep(.sample("3"), sessions[3], cap: 2) == .kept)
        #expect(try await world.keep(.sample("5"), try await world.session(), cap: 2) == .full)
        #expect(try await world.count() == 2)
    }

    @Test("nothing is kept for a session that has ended", arguments: DialogueUnderTest.all)
    func ended(_ subject: DialogueUnderTest) async throws {
        let world = try await subject.open()
        let session = try await world.session()
        _ = try await world.sessions.close(session, of: world.tenant)
        #expect(try await world.keep(.sample("a"), session) == .sessionGone)
        #expect(try await world.keep(.sample("a"), SessionID()) == .sessionGone)
        #expect(try await world.count() == 0)
        #expect(try await world.take(session) == [:])
    }

    @Test("what expired sessions leave is taken once and in portions; the living keep theirs", arguments: DialogueUnderTest.all)
    func orphans(_ subject: DialogueUnderTest) async throws {
        let world = try await subject.open()
        let second = try UpstreamName.named("second")
        var (expired, living, ids): ([SessionID], [SessionID], Set<String>) = ([], [], [])
        for number in 0..<12 {
            let session = try await world.session()
            #expect(try await world.keep(.sample("a\(number)"), session, cap: 99) == .kept)
            #expect(try await world.keep(.sample("b\(number)"), session, second, cap: 99) == .kept)
            if number < 5 { expired.append(session) } else { living.append(session) }
            if number < 5 { ids.formUnion(["a\(number)", "b\(number)"]) }
        }
        #expect(try await world.takeOrphans() == [])
        try await world.expire(expired)
        #expect(try await world.takeOrphans(0) == [])
        var taken: [OrphanedSession] = []
        for _ in 0..<12 {
            let portion = try await world.takeOrphans(3)
            #expect(portion.count <= 3)
            taken += portion
        }
        #expect(taken.count == 10 && Set(taken.compactMap(\.terms.id)) == ids)
        #expect(taken.allSatisfy { ($0.upstream == second) == ($0.terms.id?.hasPrefix("b") == true) })
        #expect(try await [world.count(), world.count(second)] == [7, 7])
        for session in living { #expect(try await world.find(session) != nil) }
        try await world.expire(living)
        #expect(try await world.takeOrphans().count == 14)
        #expect(try await [world.count(), world.count(second)] == [0, 0])
    }
}
