import Events
import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("Events on their way to Redis")
struct EventSinkTests {
    /// Runs a sink against `client` while `body` runs.
    private func withSink(_ client: RedisClient, _ names: KeyNames = .standard, _ body: (RedisEventSink) async throws -> Void) async throws
    {
        let sink = RedisEventSink(redis: client, names: names, scripts: .watched, logger: quiet)
        let running = Task { await sink.run() }
        let result: Result<Void, any Error>
        do { result = .success(try await body(sink)) } catch { result = .failure(error) }
        running.cancel()
        await running.value
        try result.get()
    }

    private func event(_ tenant: TenantName?, _ kind: Event.Kind = .upstreamUp, number: Int64 = 0) -> Event {
        Event(kind, tenant: tenant, node: .sample, data: ["n": .integer(number), "price": .credits(.micros(2_500_000)), "on": .flag(true)])
    }

    @Test("events are kept in order, numbered by the tenant's one counter")
    func order() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        let keys = KeyNames.standard.keys(of: world.tenant)
        try await world.ledger.openBooks(of: world.tenant)
        _ = try await world.held(world.charge(1, [.budget("team", 10)]))
        try await withSink(client) { sink in
            for number in 0..<200 { sink.publish(event(world.tenant, number: Int64(number))) }
            #expect(await eventually { sink.queue.count == 0 })
        }
        let kept = try await client.events(in: keys.audit).map { try LedgerEvent($0.id, $0.json) }
        #expect(kept.map(\.seq) == Array(2...201))
        #expect(kept.map { $0.data["n"] as? Int } == (0..<200).map { $0 })
        #expect(kept[0].micros("price") == 2_500_000 && kept[0].data["on"] as? Bool == true)
    }

    @Test("a keep-alive is published and not kept; events of no tenant have a stream of their own")
    func kinds() async throws {
        let client = try await SharedRedis.client
        let names = try #require(KeyNames(prefix: "sink-\(NodeID().text):"))
        let tenant = try TenantName.fresh()
        try await withSink(client, names) { sink in
            sink.publish(event(tenant, .sessionKeepalive))
            for number in 1...3 { sink.publish(event(nil, .authFailure, number: Int64(number))) }
            #expect(await eventually { sink.queue.count == 0 })
        }
        #expect(try await client.send(["EXISTS", .text(names.keys(of: tenant).audit)]).number == 0)
        let kept = try await client.events(in: names.audit).map { try LedgerEvent($0.id, $0.json) }
        #expect(kept.map(\.type) == Array(repeating: "auth_failure", count: 3) && kept.map(\.seq) == kept.map(\.seq).sorted())
    }

    @Test("recording events does not open a tenant's books")
    func booksStayClosed() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        try await withSink(client) { sink in
            sink.publish(event(world.tenant))
            #expect(await eventually { sink.queue.count == 0 })
        }
        let team = try ChargedAccount.budget("team", 10)
        #expect(try await world.refusal(world.charge(1, [team])) == .noAccount(team.name))
    }

    @Test("events wait while Redis is away; a full queue drops the oldest and counts it")
    func absence() async throws {
        try await PrivateRedis.run { redis in
            let names = KeyNames.standard
            let tenant = try TenantName.fresh()
            let sink = RedisEventSink(redis: redis.client, scripts: .watched, capacity: 10, logger: quiet)
            let running = Task { await sink.run() }
            redis.server.kill()
            for number in 0..<25 { sink.publish(event(tenant, number: Int64(number))) }
            try await redis.server.restart()
            #expect(await eventually(within: .seconds(20)) { sink.queue.count == 0 })
            let kept = try await redis.client.events(in: names.keys(of: tenant).audit).map { try LedgerEvent($0.id, $0.json) }
            // The sink may have had some in hand already: those are kept beside the newest ten.
            let numbers = kept.compactMap { $0.data["n"] as? Int }
            #expect(numbers.suffix(10) == Array(15..<25) && numbers == numbers.sorted())
            #expect(numbers.count + Int(sink.queue.dropped) == 25)
            running.cancel()
            await running.value
        }
    }

    @Test("what still waits at the end can be flushed")
    func flush() async throws {
        let client = try await SharedRedis.client
        let tenant = try TenantName.fresh()
        let sink = RedisEventSink(redis: client, logger: quiet)
        for number in 0..<150 { sink.publish(event(tenant, number: Int64(number))) }
        await sink.flush(within: .seconds(5))
        #expect(try await client.events(in: KeyNames.standard.keys(of: tenant).audit).count == 150)
    }
}
