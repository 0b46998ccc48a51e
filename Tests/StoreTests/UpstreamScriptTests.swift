import Governance
import MCPWire
import Redis
import Store
import Testing
import Upstreams

@Suite("What is known of upstreams, in Redis", .timeLimit(.minutes(2)))
struct UpstreamScriptTests {
    @Test("records of more than one reply's size are read in several, and only those that changed")
    func portions() async throws {
        let world = try await CatalogueWorld.redis(SharedRedis.client)
        let fence = try await world.fence()
        let record = UpstreamRecord.sample([try .sample("big", size: 9 << 20)])
        let upstreams = try (0..<5).map { try UpstreamName.named("u\($0)") }
        for upstream in upstreams { #expect(try await world.write(record, upstream, fence: fence)) }
        let state = try await world.read()
        #expect(state.changed.count == 5 && state.stamps.count == 5)
        #expect(state.changed.values.allSatisfy { $0 == record })
    }

    @Test("a record larger than a reply may carry is refused")
    func tooLarge() async throws {
        let world = try await CatalogueWorld.redis(SharedRedis.client)
        let fence = try await world.fence()
        let record = UpstreamRecord.sample([try .sample("big", size: RedisCatalogueDirectory.largestRecord)])
        await #expect(throws: StoreError.self) { try await world.write(record, fence: fence) }
    }

    @Test("what cannot be read is corrupt")
    func corrupt() async throws {
        let client = try await SharedRedis.client
        let world = try await CatalogueWorld.redis(client)
        let dialogues = try DialogueWorld.redis(client)
        #expect(try await world.write(.down, fence: try await world.fence()))
        let session = try await dialogues.session()
        let keys = KeyNames.standard.keys(of: dialogues.tenant)
        _ = try await client.send(["HSET", .text(keys.dialogue(session)), "everything", "1 2 abc"])
        await expectCorrupt { _ = try await dialogues.find(session) }
        _ = try await client.send(["HSET", .text(KeyNames.standard.keys(of: world.tenant).catalogue), "r:everything", "?"])
        await expectCorrupt { _ = try await world.read() }
        await expectCorrupt { _ = try await world.directory.approve(nil, of: .sample, tenant: world.tenant) }
        _ = try await client.send(["SET", .text(keys.catalogue), "?"])
        await expectCorrupt { _ = try await world.directory.care(for: dialogues.tenant, by: .sample, lease: 1) }
    }

    @Test("no fence, version or stamp comes again after Redis has lost all")
    func lost() async throws {
        let client = try await SharedRedis.client
        let world = try await CatalogueWorld.redis(client)
        let fence = try await world.fence()
        #expect(try await world.write(.down, fence: fence))
        let before = try await world.read()
        _ = try await client.send(["DEL", .text(KeyNames.standard.keys(of: world.tenant).catalogue)])
        #expect(try await world.write(.down, fence: fence) == false)
        let later = try await world.fence(1)
        #expect(later > fence)
        #expect(try await world.write(.sample(), fence: later))
        let after = try await world.read(before.stamps)
        #expect(after.version > before.version && after.changed == [.sample: .sample()])
    }

    @Test("a session that lives is looked at again when it would expire", arguments: [StoreScripts.embedded, .watched])
    func looks(_ scripts: StoreScripts) async throws {
        let client = try await SharedRedis.client
        let world = try DialogueWorld.redis(client, scripts)
        let keys = KeyNames.standard.keys(of: world.tenant)
        let session = try await world.session()
        func look() async throws -> Int64 {
            let score = try await client.send(["ZSCORE", .text(keys.dialogues), .text(session.text)]).number ?? 0
            return score - (try await client.serverTime())
        }
        let life = (Session.Transport.streamable.lifetime - 10_000)...Session.Transport.streamable.lifetime
        #expect(try await world.keep(.sample("a"), session) == .kept)
        #expect(life.contains(try await look()))
        try await world.expire([])
        #expect(try await look() < 0)
        #expect(try await world.takeOrphans() == [])
        #expect(life.contains(try await look()))
        _ = try await world.take(session)
        for key in [keys.dialogues, keys.dialogueCounts, keys.dialogue(session)] {
            #expect(try await client.send(["EXISTS", .text(key)]).number == 0)
        }
    }

    @Test("a mistake in the catalogue's scripts is found out", arguments: Mistake.inCatalogue)
    func catalogueMistakes(_ mistake: Mistake) async throws {
        let scripts = try #require(mistake.scripts())
        let subject = CatalogueUnderTest(testDescription: "wrong") { try await .redis(SharedRedis.client, scripts) }
        await withKnownIssue {
            try await CatalogueConformanceTests().lease(subject)
            try await CatalogueConformanceTests().gap(subject)
            try await CatalogueConformanceTests().versions(subject)
            try await CatalogueConformanceTests().changes(subject)
            try await CatalogueConformanceTests().release(subject)
            try await CatalogueApprovalTests().approval(subject)
            try await CatalogueApprovalTests().fenced(subject)
            try await CatalogueApprovalTests().concurrent(subject)
        }
    }

    @Test("a mistake in the scripts of upstream sessions is found out", arguments: Mistake.inDialogues)
    func dialogueMistakes(_ mistake: Mistake) async throws {
        let scripts = try #require(mistake.scripts())
        let subject = DialogueUnderTest(testDescription: "wrong") { try await .redis(SharedRedis.client, scripts) }
        await withKnownIssue {
            try await DialogueConformanceTests().life(subject)
            try await DialogueConformanceTests().repeated(subject)
            try await DialogueConformanceTests().replacing(subject)
            try await DialogueConformanceTests().cap(subject)
            try await DialogueConformanceTests().ended(subject)
            try await DialogueConformanceTests().orphans(subject)
        }
    }

    private func expectCorrupt(_ body: () async throws -> Void) async {
        do {
            try await body()
            Issue.record("was read")
        } catch StoreError.corrupt { return } catch { Issue.record(error) }
    }
}

extension Mistake {
    static let inCatalogue = [
        Mistake("care is taken from who has it", "if isHeld and f[1] ~= ARGV[1] then", "if false then"),
        Mistake("care goes on under the old fence", "if not isHeld then fence =", "if fence == 0 then fence ="),
        Mistake("a stale fence writes", "f[1] ~= ARGV[1] or not f[2] or now", "not f[2] or now"),
        Mistake("care over is care still", "or now >= tonumber(f[2]) then return 0", "then return 0"),
        Mistake("anyone gives up the care", "if f[1] ~= ARGV[1] then return 0 end\nredis.call('HDEL'", "redis.call('HDEL'"),
        Mistake("every write is a new version", "if ARGV[4] == '1' then version", "if true then version"),
        Mistake("a stamp stays", "'s:' .. ARGV[2], stamp, 'stamp'", "'s:' .. ARGV[2], '1', 'stamp'"),
        Mistake("known records are sent", "known[upstream] ~= stamp and", ""),
        Mistake("removed records keep their stamps", "field:match('^[rs]:(.*)')", "field:match('^r:(.*)')"),
        Mistake("a removal is not told", "redis.call('PUBLISH', ARGV[2], ARGV[3] .. version)", ""),
        Mistake("an approval leaves the fence", "'fence', fence, 'version', version", "'version', version"),
        Mistake("an approval overwrites another", "if f[1] ~= ARGV[2] then return 0 end", ""),
    ]

    static let inDialogues = [
        Mistake("an ended session keeps more", "if life == -2 then", "if life == -3 then"),
        Mistake("a repeat is another's", "if current == ARGV[3] then return {'kept'} end", ""),
        Mistake("anything is replaced", "if current and current:sub(1, #ARGV[4]) ~= ARGV[4] then", "if false then"),
        Mistake("one too many", ">= tonumber(ARGV[5])", "> tonumber(ARGV[5])"),
        Mistake("a replacement counts twice", "if not current then redis.call('HINCRBY'", "if true then redis.call('HINCRBY'"),
        Mistake("no list of them", "redis.call('ZADD', KEYS[3]", "redis.pcall('ZSCORE', KEYS[3]"),
        Mistake("the living lose theirs", "if life ~= -2 and ARGV[2] ~= '1' then", "if false then"),
        Mistake("a portion ends the rest", "s.isEmpty = 2 * #s.upstreams == #kept", "s.isEmpty = true"),
        Mistake("what is taken still counts", "tonumber(redis.call('HGET', KEYS[2], upstream) or 0)) - 1", "tonumber(redis.call('HGET', KEYS[2], upstream) or 0))"),
        Mistake("portions have no end", "2 * room), 2 do", "#kept), 2 do"),
    ]
}
