import Fixtures
import Gateway
import Governance
import Redis
import Store
import Testing

@Suite("The tenants a node knows", .timeLimit(.minutes(1)))
struct TenantsTests {
    /// Runs the tenants of a node, and its bus, while `body` runs.
    private func running(
        _ world: TenantWorld, interval: Duration = .seconds(60), hearing: Bool = true, _ body: (RedisTenants) async throws -> Void
    ) async throws {
        let tenants = RedisTenants(world.store, interval: interval, logger: quiet)
        let bus = RedisNodeBus(world.redis, names: world.names)
        let listening = hearing ? Task { try await bus.run(as: NodeID(), receiver: Deaf(), listeners: [tenants]) } : nil
        let running = Task { await tenants.run() }
        await tenants.loaded()
        let result: Result<Void, any Error>
        do { result = .success(try await body(tenants)) } catch { result = .failure(error) }
        running.cancel()
        listening?.cancel()
        await running.value
        _ = await listening?.result
        try result.get()
    }

    @Test("are those in Redis at the start, and follow each change that is told")
    func follows() async throws {
        let world = try await TenantWorld()
        let (one, two) = (try world.tenant(limit: 1), try world.tenant(limit: 2))
        _ = try await world.store.apply(one, as: .apply, yielding: false)
        try await running(world) { tenants in
            #expect(tenants.tenant(world.name) == one && tenants.all == [one])
            // Heard only once the bus is subscribed; then everything is read anew.
            _ = try await world.store.apply(two, as: .apply, yielding: false)
            #expect(await eventually { tenants.tenant(world.name) == two && tenants.all == [two] })
            _ = try await world.store.delete(world.name, of: nil)
            #expect(await eventually { tenants.tenant(world.name) == nil && tenants.all.isEmpty })
        }
    }

    @Test("are read wholly now and then, so a lost message heals; a name without a document is none")
    func heals() async throws {
        let world = try await TenantWorld()
        _ = try await world.redis.send(["SADD", .text(world.names.tenants), "ghost", .text(world.name.text), "{bad}"])
        try await running(world, interval: .milliseconds(50), hearing: false) { tenants in
            #expect(tenants.all.isEmpty)
            let tenant = try world.tenant(limit: 1)
            _ = try await world.store.apply(tenant, as: .apply, yielding: false)
            #expect(await eventually { tenants.all == [tenant] })
            _ = try await world.store.delete(world.name, of: nil)
            #expect(await eventually { tenants.all.isEmpty })
        }
    }

    @Test("stay as they were where a document cannot be read, whatever is wrong with it")
    func corrupt() async throws {
        let world = try await TenantWorld()
        let (one, two) = (try world.tenant(limit: 1), try world.tenant(limit: 2))
        _ = try await world.store.apply(one, as: .apply, yielding: false)
        try await running(world) { tenants in
            for fault in [
                ["HSET", .text(world.keys.tenant), "document", "{"], ["HSET", .text(world.keys.tenant), "version", "?"],
                ["SET", .text(world.keys.tenant), "?"],
            ] as [[RedisArgument]] {
                _ = try await world.redis.send(fault)
                let other = try TenantName.fresh()
                let marker = Tenant(name: other, upstreams: [], tariff: one.tariff)
                tenants.heard(.tenantChanged(world.name))
                _ = try await world.store.apply(marker, as: .apply, yielding: false)
                tenants.heard(.tenantChanged(other))
                #expect(await eventually { tenants.tenant(other) == marker })
                #expect(tenants.tenant(world.name) == one)
            }
            _ = try await world.redis.send(["DEL", .text(world.keys.tenant)])
            _ = try await world.store.apply(two, as: .apply, yielding: false)
            #expect(await eventually { tenants.tenant(world.name) == two })
        }
    }

    @Test("stay as they were where a document names a zone that the node does not know")
    func unknownZones() async throws {
        let world = try await TenantWorld()
        let (one, zone) = (try world.tenant(limit: 1), try #require(ZoneName("Europe/Atlantis")))
        let cap = BudgetTerms(limit: .zero, window: Window(period: .day, zone: zone))
        let lost = Tenant(name: one.name, upstreams: [], tariff: one.tariff, cap: cap)
        let tenants = RedisTenants(world.store, zones: Earth(), logger: quiet)
        let running = Task { await tenants.run() }
        defer { running.cancel() }
        await tenants.loaded()
        for tenant in [one, lost] {
            _ = try await world.store.apply(tenant, as: .apply, yielding: false)
            tenants.heard(.tenantChanged(world.name))
            #expect(await eventually { tenants.tenant(world.name) == one })
        }
        let two = try world.tenant(limit: 2)
        _ = try await world.store.apply(two, as: .apply, yielding: false)
        tenants.heard(.tenantChanged(world.name))
        #expect(await eventually { tenants.tenant(world.name) == two })
    }

    @Test("come as whole sets, the newest for whoever was slow, and only when something changed")
    func snapshots() async throws {
        let world = try await TenantWorld()
        try await running(world, interval: .milliseconds(20)) { tenants in
            var sets = tenants.snapshots.makeAsyncIterator()
            #expect(await sets.next() == [])
            for limit in 1...3 { _ = try await world.store.apply(world.tenant(limit: Int64(limit)), as: .apply, yielding: false) }
            let last = try world.tenant(limit: 3)
            #expect(await eventually { tenants.all == [last] })
            #expect(await sets.next() == [last])
            _ = try await world.store.delete(world.name, of: nil)
            #expect(await sets.next() == [])
        }
    }

    @Test("are waited for while Redis is away")
    func waits() async throws {
        try await PrivateRedis.run { redis in
            let world = try await TenantWorld()
            let store = RedisTenantStore(redis: redis.client, names: world.names)
            let tenant = try world.tenant(limit: 1)
            _ = try await store.apply(tenant, as: .apply, yielding: false)
            redis.server.kill()
            let tenants = RedisTenants(store, logger: quiet)
            let running = Task { await tenants.run() }
            defer { running.cancel() }
            #expect(tenants.all.isEmpty)
            // nothing was kept of it
            try await redis.server.restart()
            await tenants.loaded()
            #expect(tenants.all.isEmpty)
            _ = try await store.apply(tenant, as: .apply, yielding: false)
            tenants.reconnected()
            #expect(await eventually { tenants.all == [tenant] })
        }
    }
}

/// Knows one zone.
private struct Earth: WindowClock {
    func knows(_ zone: ZoneName) -> Bool { zone == .utc }
    func ends(of window: Window, at now: Int64) -> WindowEnds? { nil }
}

/// Takes nothing from the bus.
private struct Deaf: NodeBusReceiver {
    func received(_ message: [UInt8], for session: SessionID) {}
    func received(_ message: [UInt8], as sequence: Int64, for session: SessionID, of tenant: TenantName) {}
    func replied(_ message: [UInt8], in session: SessionID) {}
    func cancelled(_ request: [UInt8], in session: SessionID) {}
    func received(_ message: RelayMessage) {}
    func streamTaken(_ session: SessionID, fence: Int64) {}
    func answerWentOn(_ session: SessionID, stream: String) {}
    func sessionEnded(_ session: SessionID) {}
    func reconnected() {}
}
