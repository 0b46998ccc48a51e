package import Governance
import Synchronization
package import Upstreams

/// The reference model of the catalogue: all nodes of a test share one.
package final class InMemoryCatalogueDirectory: CatalogueDirectory {
    private struct Catalogue {
        var version: Int64 = 0
        var stamp: Int64 = 0
        var fence: Int64 = 0
        var carer: NodeID?
        /// Unix ms at which the care ends.
        var until: Int64 = 0
        var records: [UpstreamName: (record: UpstreamRecord, stamp: Int64)] = [:]

        func isCared(under fence: Int64, at now: Int64) -> Bool { carer != nil && self.fence == fence && now < until }

        mutating func put(_ record: UpstreamRecord, of upstream: UpstreamName) {
            stamp += 1
            records[upstream] = (record, stamp)
        }
    }

    private struct State {
        var catalogues: [TenantName: Catalogue] = [:]
        var listeners: [@Sendable (TenantName, Int64) -> Void] = []
    }

    private let clock: ManualClock
    private let state = Mutex(State())

    /// A care ends when the test moves the clock past its lease.
    package init(clock: ManualClock = ManualClock()) { self.clock = clock }

    /// From now on `listener` is told the tenant and the version where the one in Redis publishes.
    package func changes(_ listener: @escaping @Sendable (TenantName, Int64) -> Void) {
        state.withLock { $0.listeners.append(listener) }
    }

    package func care(for tenant: TenantName, by node: NodeID, lease: Int64) async throws(StoreError) -> TenantCare {
        let now = clock.now
        return change(tenant) { catalogue in
            let isHeld = catalogue.carer != nil && now < catalogue.until
            if isHeld, catalogue.carer != node { return (TenantCare(fence: nil, version: catalogue.version), false) }
            if !isHeld { catalogue.fence += 1 }
            catalogue.carer = node
            catalogue.until = now + lease
            return (TenantCare(fence: catalogue.fence, version: catalogue.version), false)
        }
    }

    package func release(_ tenant: TenantName, by node: NodeID) async throws(StoreError) {
        change(tenant) { catalogue in
            guard catalogue.carer == node else { return ((), false) }
            catalogue.carer = nil
            return ((), true)
        }
    }

    /// Whoever is to hear it is told by the test.
    package func suspect(_ upstream: UpstreamName, of tenant: TenantName) async throws(StoreError) {}

    package func read(_ tenant: TenantName, knowing known: [UpstreamName: Int64]) async throws(StoreError) -> CatalogueState {
        change(tenant) { catalogue in
            let changed = catalogue.records.filter { known[$0.key] != $0.value.stamp }.mapValues(\.record)
            return (CatalogueState(version: catalogue.version, changed: changed, stamps: catalogue.records.mapValues(\.stamp)), false)
        }
    }

    package func write(
        _ record: UpstreamRecord, of upstream: UpstreamName, tenant: TenantName, fence: Int64, isVisible: Bool
    ) async throws(StoreError) -> Bool {
        let now = clock.now
        return change(tenant) { catalogue in
            guard catalogue.isCared(under: fence, at: now) else { return (false, false) }
            catalogue.put(record, of: upstream)
            if isVisible { catalogue.version += 1 }
            return (true, true)
        }
    }

    package func keep(only upstreams: [UpstreamName], of tenant: TenantName, fence: Int64) async throws(StoreError) -> Bool {
        let now = clock.now
        return change(tenant) { catalogue in
            guard catalogue.isCared(under: fence, at: now) else { return (false, false) }
            let before = catalogue.records.count
            catalogue.records = catalogue.records.filter { upstreams.contains($0.key) }
            guard catalogue.records.count < before else { return (true, false) }
            catalogue.version += 1
            return (true, true)
        }
    }

    package func approve(
        _ tool: String?, of upstream: UpstreamName, tenant: TenantName, by operator: String
    ) async throws(StoreError) -> Bool {
        change(tenant) { catalogue in
            guard let before = catalogue.records[upstream]?.record else { return (false, false) }
            var record = before
            guard record.approve(tool) else { return (false, false) }
            guard record != before else { return (true, false) }
            catalogue.put(record, of: upstream)
            catalogue.version += 1
            catalogue.fence += 1
            return (true, true)
        }
    }

    /// Changes a tenant's catalogue, and tells the listeners where `body` says so.
    @discardableResult
    private func change<Answer: Sendable>(_ tenant: TenantName, _ body: (inout Catalogue) -> (Answer, isTold: Bool)) -> Answer {
        let (answer, version, listeners) = state.withLock { state in
            let (answer, isTold) = body(&state.catalogues[tenant, default: Catalogue()])
            return (answer, state.catalogues[tenant]?.version ?? 0, isTold ? state.listeners : [])
        }
        for listener in listeners { listener(tenant, version) }
        return answer
    }
}
