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
        let world = try await CatalogueWorld.redis()
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
        let world = try await CatalogueWorld.redis()
        let fence = try await world.fence()
        let record = UpstreamRecord.sample([try .sample("big", size: RedisCatalogueDirectory.largestRecord)])
        await #expect(throws: StoreError.self) { try await world.write(record, fence: fence) }
    }

    @Test("what cannot be read is corrupt")
    func corrupt() async throws {
        let client = try await SharedRedis.client
        let world = try await CatalogueWorld.redis()
        let dialogues = try DialogueWorld.redis(client)
        #expect(try await world.write(.down, fence: try await world.fence()))
        let session = try await dialogues.session()
        let keys = KeyNames.standard.keys(of: dialogues.tenant)
        _ = try await client.send(["HSET", .text(keys.dialogue(session)), "everything", "1 2 abc"])
        await expectCorrupt { _ = try await dialogues.find(session) }
        _ = try await client.send(["HSET", .text(KeyNames.standard.keys(of: world.tenant).catalogue), "r:everything", "?"])
        await expectCorrupt { _ = try await world.read() }
        await expectCorrupt { _ = try await world.directory.approve(nil, of: .sample, tenant: world.tenant, by: "ann") }
        _ = try await client.send(["SET", .text(keys.catalogue), "?"])
        await expectCorrupt { _ = try await world.directory.care(for: dialogues.tenant, by: .sample, lease: 1) }
    }

    @Test("no fence, version or stamp comes again after Redis has lost all")
    func lost() async throws {
        let client = try await SharedRedis.client
        let world = try await CatalogueWorld.redis()
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

    @Test("a mistake in the catalogue's scripts is found out", arguments: CheckedMistake.inCatalogue)
    func catalogueMistakes(_ checked: CheckedMistake<CatalogueUnderTest>) async throws {
        let scripts = try #require(checked.mistake.scripts())
        let subject = CatalogueUnderTest(testDescription: "wrong") {
            var world = try await CatalogueWorld.redis(.chosen, scripts)
            world.patience = .milliseconds(100)
            return world
        }
        await withKnownIssue { try await checked.check(subject) }
    }

    @Test("a mistake in the scripts of upstream sessions is found out", arguments: CheckedMistake.inDialogues)
    func dialogueMistakes(_ checked: CheckedMistake<DialogueUnderTest>) async throws {
        let scripts = try #require(checked.mistake.scripts())
        let subject = DialogueUnderTest(testDescription: "wrong") { try await .redis(SharedRedis.client, scripts) }
        await withKnownIssue { try await checked.check(subject) }
    }

    private func expectCorrupt(_ body: () async throws -> Void) async {
        do {
            try await body()
            Issue.record("was read")
        } catch StoreError.corrupt { return } catch { Issue.record(error) }
    }
}
