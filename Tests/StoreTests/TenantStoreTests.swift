import Fixtures
import Governance
import Redis
import Store
import Synchronization
import Testing

@Suite("Where tenants' documents are kept", .timeLimit(.minutes(1)))
struct TenantStoreTests {
    @Test("a document is written once, and again only when it is another")
    func applies() async throws {
        let world = try await TenantWorld()
        let store = world.store
        let first = try world.tenant(limit: 10)
        #expect(try await store.find(first.name) == nil)
        #expect(try await store.apply(first, as: .apply, yielding: false) == TenantApplication(.created, version: 1))
        #expect(try await store.apply(first, as: .apply, yielding: false) == TenantApplication(.unchanged, version: 1))
        let second = try world.tenant(limit: 11)
        #expect(try await store.apply(second, as: .apply, yielding: false) == TenantApplication(.updated, version: 2))
        let stored = try #require(try await store.find(first.name))
        #expect(stored.tenant == second && stored.version == 2 && stored.source == .apply)
        let now = try await world.redis.serverTime()
        #expect((now - 30_000...now).contains(stored.updatedAt))
        #expect(try await store.names() == [first.name])
        let told = try await world.told()
        #expect(told.map(\.type) == ["tenant_changed", "tenant_changed"])
        #expect(told.map { $0.data["change"] as? String } == ["created", "updated"])
        let epoch = try await world.epoch()
        #expect(told.map(\.seq) == [1, 2] && told.allSatisfy { $0.epoch == epoch && $0["tenantId"] == first.name.text })
        #expect(told.map { $0.data["version"] as? Int } == [1, 2] && told[0].data["source"] as? String == "apply")
    }

    @Test("a document that is to replace a version replaces no other, and the change is told with who made it")
    func replaces() async throws {
        let world = try await TenantWorld()
        let store = world.store.acting(as: "api:ann")
        let (one, two) = (try world.tenant(limit: 1), try world.tenant(limit: 2))
        #expect(try await store.apply(one, as: .apply, yielding: false, replacing: 1) == TenantApplication(.stale, version: 0))
        #expect(try await store.find(one.name) == nil)
        #expect(try await store.apply(one, as: .apply, yielding: false).outcome == .created)
        for version in [0, 2] as [Int64] {
            #expect(try await store.apply(two, as: .apply, yielding: false, replacing: version) == TenantApplication(.stale, version: 1))
        }
        #expect(try await store.find(one.name)?.tenant == one)
        #expect(try await store.apply(two, as: .apply, yielding: false, replacing: 1) == TenantApplication(.updated, version: 2))
        #expect(try await store.delete(one.name, of: nil))
        #expect(try await world.told().map { $0.data["by"] as? String } == ["api:ann", "api:ann", "api:ann"])
    }

    @Test("a deletion takes the document and the name, and keeps the books")
    func deletes() async throws {
        let world = try await TenantWorld()
        let tenant = try world.tenant(limit: 10)
        _ = try await world.store.apply(tenant, as: .apply, yielding: false)
        let epoch = try await world.epoch()
        #expect(epoch != nil)
        #expect(try await world.store.delete(tenant.name, of: .file) == false)
        #expect(try await world.store.delete(tenant.name, of: nil))
        #expect(try await world.store.delete(tenant.name, of: nil) == false)
        #expect(try await world.store.find(tenant.name) == nil)
        #expect(try await world.store.names() == [])
        #expect(try await world.epoch() == epoch)
        #expect(try await world.store.apply(tenant, as: .file, yielding: false).outcome == .created)
        #expect(try await world.epoch() == epoch)
        #expect(try await world.store.delete(tenant.name, of: .file))
        #expect(try await world.told().map { $0.data["change"] as? String } == ["created", "deleted", "created", "deleted"])
    }

    @Test("what a node states at its start yields to what an operator applied, and to nothing else")
    func yields() async throws {
        let world = try await TenantWorld()
        let (one, two, three) = (try world.tenant(limit: 1), try world.tenant(limit: 2), try world.tenant(limit: 3))
        func source() async throws -> StoredTenant.Source? { try await world.store.find(one.name)?.source }
        #expect(try await world.store.apply(one, as: .file, yielding: true).outcome == .created)
        #expect(try await world.store.apply(two, as: .file, yielding: true) == TenantApplication(.updated, version: 2))
        #expect(try await world.store.apply(two, as: .apply, yielding: false).outcome == .unchanged)
        #expect(try await source() == .apply)
        #expect(try await world.store.apply(two, as: .file, yielding: true).outcome == .unchanged)
        #expect(try await source() == .apply)
        #expect(try await world.store.apply(three, as: .file, yielding: true) == TenantApplication(.kept, version: 2))
        #expect(try await world.store.find(one.name)?.tenant == two)
        #expect(try await world.store.apply(three, as: .file, yielding: false) == TenantApplication(.updated, version: 3))
        #expect(try await source() == .file)
    }

    @Test("applying again opens books that were lost")
    func reopens() async throws {
        let world = try await TenantWorld()
        let tenant = try world.tenant(limit: 1)
        _ = try await world.store.apply(tenant, as: .apply, yielding: false)
        _ = try await world.redis.send(["DEL", .text(world.keys.head)])
        #expect(try await world.store.apply(tenant, as: .apply, yielding: false).outcome == .unchanged)
        #expect(try await world.epoch() != nil)
    }

    @Test("whatever is no document under a tenant's key is an error, and nothing is written over it")
    func corrupt() async throws {
        let world = try await TenantWorld()
        let tenant = try world.tenant(limit: 1)
        _ = try await world.redis.send(["HSET", .text(world.keys.tenant), "document", "{}", "version", "x", "source", "apply"])
        await #expect(throws: StoreError.self) { try await world.store.find(tenant.name) }
        await #expect(throws: StoreError.self) { try await world.store.apply(tenant, as: .apply, yielding: false) }
        #expect(try await world.redis.send(["HGET", .text(world.keys.tenant), "document"]).text == "{}")
        #expect(try await world.told().isEmpty)
    }

    @Test("every change is told on the tenant's channel and to all nodes")
    func announces() async throws {
        let world = try await TenantWorld()
        let tenant = try world.tenant(limit: 1)
        let heard = Mutex<[String]>([])
        let isReady = Mutex(false)
        let probe = world.names.node(NodeID())
        let subscriber = Subscriber(
            client: world.redis, channels: [world.names.control, world.keys.events, probe], probeChannel: probe,
            onReady: { isReady.withLock { $0 = true } },
            onMessage: { channel, bytes in
                if channel != probe { heard.withLock { $0.append(channel + " " + String(decoding: bytes, as: UTF8.self)) } }
            })
        let running = Task { try await subscriber.run() }
        defer { running.cancel() }
        #expect(await eventually { isReady.withLock { $0 } })
        _ = try await world.store.apply(tenant, as: .apply, yielding: false)
        _ = try await world.store.apply(tenant, as: .apply, yielding: false)
        _ = try await world.store.delete(tenant.name, of: nil)
        #expect(await eventually { heard.withLock { $0.count >= 4 } })
        let control = "\(world.names.control) tenant \(tenant.name)"
        let (messages, events) = heard.withLock { all in (all.filter { $0 == control }, all.filter { $0.contains("tenant_changed") }) }
        #expect(messages.count == 2 && events.count == 2)
        #expect(events.allSatisfy { $0.hasPrefix(world.keys.events + " ") && $0.contains("\"tenantId\":\"\(tenant.name)\"") })
    }

    @Test("a deletion and an application at once never leave a document without its name")
    func races() async throws {
        let world = try await TenantWorld()
        let tenant = try world.tenant(limit: 1)
        for _ in 0..<50 {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask { _ = try? await world.store.apply(tenant, as: .apply, yielding: false) }
                    group.addTask { _ = try? await world.store.delete(tenant.name, of: nil) }
                }
            }
            guard try await world.store.find(tenant.name) != nil else { continue }
            #expect(try await world.store.names() == [tenant.name])
        }
    }
}

/// A store under a prefix of its own, its scripts watched.
struct TenantWorld {
    let redis: RedisClient
    let names: KeyNames
    let store: RedisTenantStore
    let name: TenantName

    init() async throws {
        redis = try await SharedRedis.client
        name = try .fresh()
        guard let names = KeyNames(prefix: "tenants-\(NodeID().text):") else { throw FixtureError("prefix") }
        self.names = names
        store = RedisTenantStore(redis: redis, names: names, scripts: .watched)
    }

    var keys: TenantKeys { names.keys(of: name) }

    /// The tenant with one budget of this limit.
    func tenant(limit: Int64) throws -> Tenant {
        guard let budget = BudgetName("team"), let limit = Credits(whole: limit) else { throw FixtureError("tenant") }
        return Tenant(
            name: name, upstreams: [], tariff: Tariff(base: limit), budgets: [budget: BudgetTerms(limit: limit)], defaultBudget: budget)
    }

    func epoch() async throws -> String? { try await redis.send(["HGET", .text(keys.head), "epoch"]).text }

    /// The tenant's kept events.
    func told() async throws -> [LedgerEvent] { try await redis.events(in: keys.audit).map { try LedgerEvent($0.id, $0.json) } }
}
