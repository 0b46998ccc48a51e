package import Governance
package import Logging
import Synchronization

/// The node's tenants: all documents in Redis, remembered, and read again when one is said to have changed.
///
/// A document that cannot be read leaves the tenant as it was; while Redis is out of reach all stay as they were.
package final class RedisTenants: TenantDirectory, ControlListener {
    private struct Known {
        /// The text that `tenant` was read from, or the last that could not be read.
        var text: String
        /// Nil where no text was good yet.
        var tenant: Tenant?
    }

    private struct State {
        var known: [TenantName: Known] = [:]
        var all: [Tenant] = []
        /// `known` has changed since `all` was made of it.
        var isChanged = true
        /// What is to be read again.
        var due: Set<TenantName> = []
        var isAllDue = true
        /// Those that could not be read when last tried.
        var unread: Set<TenantName> = []
    }

    /// The whole set at first and after each change; for one reader, who sees only the newest.
    package let snapshots: AsyncStream<[Tenant]>
    private let store: RedisTenantStore
    /// Must know the zones that documents name; nil: not asked.
    private let zones: (any WindowClock)?
    private let interval: Duration
    private let logger: Logger
    private let state = Mutex(State())
    private let snapshot: AsyncStream<[Tenant]>.Continuation
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation
    private let loading: AsyncStream<Never>
    private let loadedMark: AsyncStream<Never>.Continuation
    private let hasLoaded = Atomic(false)

    /// `interval`: after which all are read again, in case a message was lost.
    package init(
        _ store: RedisTenantStore, zones: (any WindowClock)? = nil, interval: Duration = .seconds(60), logger: Logger
    ) {
        self.store = store
        self.zones = zones
        self.interval = interval
        self.logger = logger
        (snapshots, snapshot) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (loading, loadedMark) = AsyncStream.makeStream()
    }

    package func tenant(_ name: TenantName) -> Tenant? { state.withLock { $0.known[name]?.tenant } }
    package func isUnread(_ name: TenantName) -> Bool { !isLoaded || state.withLock { $0.unread.contains(name) } }
    package var all: [Tenant] { state.withLock { $0.all } }

    package func heard(_ message: ControlMessage) {
        guard case .tenantChanged(let name) = message else { return }
        state.withLock { _ = $0.due.insert(name) }
        ring.yield()
    }

    package func reconnected() { wantAll() }

    /// Returns when all were read once, or the task is cancelled; for one caller.
    package func loaded() async { for await _ in loading {} }

    /// True once all have been read.
    package var isLoaded: Bool { hasLoaded.load(ordering: .acquiring) }

    /// Reads what there is and what changes until cancelled. To be run once.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { while (try? await Task.sleep(for: self.interval)) != nil { self.wantAll() } }
            await catchUp()
            markLoaded()
            for await _ in bell { await catchUp() }
            group.cancelAll()
        }
    }

    private func markLoaded() {
        hasLoaded.store(true, ordering: .releasing)
        loadedMark.finish()
    }

    private func wantAll() {
        state.withLock { $0.isAllDue = true }
        ring.yield()
    }
}

// MARK: Reading

extension RedisTenants {
    /// Reads what is due, over and over while that fails, and tells of what changed.
    private func catchUp() async {
        while !Task.isCancelled {
            let (all, names) = state.withLock { state in
                defer { (state.isAllDue, state.due) = (false, []) }
                return (state.isAllDue, state.due)
            }
            do throws(StoreError) {
                let unread = try await all ? readAll() : read(names)
                announce()
                if unread.isEmpty { return }
                logger.warning("some tenants cannot be read yet", metadata: ["count": "\(unread.count)"])
                state.withLock { $0.due.formUnion(unread) }
                // The others' agents are served meanwhile.
                if all, unread.allSatisfy({ !store.canReach($0) }) { markLoaded() }
                try? await Task.sleep(for: .milliseconds(250))
                continue
            } catch {
                logger.warning("the tenants cannot be read yet", metadata: ["error": "\(error)"])
            }
            state.withLock { state in
                state.isAllDue = state.isAllDue || all
                state.due.formUnion(names)
            }
            try? await Task.sleep(for: .milliseconds(250))
        }
    }

    private func announce() {
        let all: [Tenant]? = state.withLock { state in
            guard state.isChanged else { return nil }
            state.isChanged = false
            state.all = state.known.values.compactMap(\.tenant).sorted { $0.name.text < $1.name.text }
            return state.all
        }
        if let all { snapshot.yield(all) }
    }

    /// Those that are to be read again.
    private func readAll() async throws(StoreError) -> Set<TenantName> {
        let names = Set(try await store.names())
        for name in state.withLock({ Set($0.known.keys) }).subtracting(names) { learn(name, nil) }
        state.withLock { $0.unread.formIntersection(names) }
        return await read(names)
    }

    /// Reads these documents, 64 at a time; those that are to be read again.
    private func read(_ names: Set<TenantName>) async -> Set<TenantName> {
        var unread: Set<TenantName> = []
        var rest = Array(names)[...]
        while !rest.isEmpty {
            let batch = rest.prefix(64)
            rest = rest.dropFirst(64)
            await withTaskGroup(of: TenantName?.self) { group in
                for name in batch { group.addTask { await self.read(name) == nil ? nil : name } }
                for await name in group { if let name { unread.insert(name) } }
            }
        }
        state.withLock { $0.unread = $0.unread.subtracting(names).union(unread) }
        return unread
    }

    /// Reads one document; answers why it must be read again. One that makes no sense is logged and changes nothing.
    private func read(_ name: TenantName) async -> StoreError? {
        do throws(StoreError) {
            learn(name, try await store.entry(name))
            return nil
        } catch {
            guard case .corrupt = error else { return error }
            complain(name, error)
            return nil
        }
    }

    /// Takes in what is stored.
    private func learn(_ name: TenantName, _ entry: RedisTenantStore.Entry?) {
        let before = state.withLock { $0.known[name] }
        guard before?.text != entry?.document else { return }
        var after = entry.map { Known(text: $0.document, tenant: before?.tenant) }
        do throws(StoreError) { after?.tenant = try entry.map { entry throws(StoreError) in try known(entry.tenant(name)) } } catch {
            complain(name, error)
        }
        state.withLock { state in
            state.isChanged = state.isChanged || after?.tenant != before?.tenant
            state.known[name] = after
        }
    }

    /// The tenant, if the zone database has all zones of its windows.
    private func known(_ tenant: Tenant) throws(StoreError) -> Tenant {
        guard let zones else { return tenant }
        for terms in tenant.budgets.values + (tenant.cap.map { [$0] } ?? []) {
            guard let zone = terms.window?.zone, !zones.knows(zone) else { continue }
            throw .corrupt("tenant document: the zone database has no \(zone)")
        }
        return tenant
    }

    private func complain(_ name: TenantName, _ error: StoreError) {
        logger.error("a tenant's document cannot be read", metadata: ["tenant": "\(name)", "error": "\(error)"])
    }
}
