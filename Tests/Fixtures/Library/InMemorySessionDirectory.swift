package import Governance
import Synchronization

/// The reference model of the sessions.
package final class InMemorySessionDirectory: SessionDirectory {
    private struct Key: Hashable {
        let tenant: TenantName
        let id: SessionID
    }

    private struct Entry {
        var session: Session
        var expires: Int64
        var fence: Int64 = 0
        var listener: NodeID?
        var requests: [CallID: NodeID] = [:]
    }

    private let clock: ManualClock
    private let entries = Mutex<[Key: Entry]>([:])

    package init(clock: ManualClock) { self.clock = clock }

    @discardableResult
    package func open(_ session: Session) async throws(StoreError) -> Bool {
        let entry = Entry(session: session, expires: clock.now + session.transport.lifetime)
        entries.withLock { $0[Key(tenant: session.tenant, id: session.id)] = entry }
        return true
    }

    package func update(_ session: Session) async throws(StoreError) -> Bool {
        change(session.id, session.tenant) { entry, now in
            entry.session.revision = session.revision ?? entry.session.revision
            entry.session.client = session.client ?? entry.session.client
            entry.session.logLevel = session.logLevel ?? entry.session.logLevel
            entry.session.clientInfo = session.clientInfo ?? entry.session.clientInfo
            entry.session.capabilities = session.capabilities ?? entry.session.capabilities
            entry.expires = now + session.transport.lifetime
        }
    }

    package func find(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Session? {
        let now = clock.now
        return entries.withLock { entries in
            entries[Key(tenant: tenant, id: id)].flatMap { $0.expires > now ? $0.session : nil }
        }
    }

    package func touch(_ id: SessionID, of tenant: TenantName, transport: Session.Transport) async throws(StoreError) -> Bool {
        renew(id, of: tenant, lifetime: transport.lifetime)
    }

    package func takeStream(of id: SessionID, of tenant: TenantName, for node: NodeID) async throws(StoreError) -> Int64? {
        let lives = change(id, tenant) { entry, now in
            entry.fence += 1
            entry.listener = node
            entry.expires = now + Session.Transport.streamable.lifetime
        }
        return lives ? entries.withLock { $0[Key(tenant: tenant, id: id)]?.fence } : nil
    }

    package func keepStream(of id: SessionID, of tenant: TenantName, fence: Int64) async throws(StoreError) -> StreamStanding {
        guard lives(id, of: tenant) else { return .gone }
        guard entries.withLock({ $0[Key(tenant: tenant, id: id)]?.fence == fence }) else { return .taken }
        renew(id, of: tenant, lifetime: Session.Transport.streamable.lifetime)
        return .held
    }

    package func close(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Bool {
        let now = clock.now
        return entries.withLock { entries in
            (entries.removeValue(forKey: Key(tenant: tenant, id: id))?.expires ?? 0) > now
        }
    }

    package func begin(_ request: CallID, in id: SessionID, of tenant: TenantName, at node: NodeID) async throws(StoreError) -> Bool {
        change(id, tenant) { entry, _ in entry.requests[request] = node }
    }

    package func end(_ request: CallID, in id: SessionID, of tenant: TenantName, at node: NodeID) async throws(StoreError) {
        _ = change(id, tenant) { entry, _ in entry.requests[request] = nil }
    }

    package func part(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Set<NodeID> {
        let nodes = entries.withLock { Set(($0[Key(tenant: tenant, id: id)]?.requests ?? [:]).values) }
        if nodes.isEmpty { _ = try await close(id, of: tenant) }
        return nodes
    }

    /// The node that holds the session's own stream.
    package func holder(of id: SessionID, of tenant: TenantName) -> NodeID? {
        entries.withLock { $0[Key(tenant: tenant, id: id)]?.listener }
    }

    /// The stream taken under that fence has closed.
    package func release(_ id: SessionID, of tenant: TenantName, fence: Int64) {
        entries.withLock { entries in
            let key = Key(tenant: tenant, id: id)
            if entries[key]?.fence == fence { entries[key]?.listener = nil }
        }
    }

    /// True while the session lives, which leaves it as it is.
    func lives(_ id: SessionID, of tenant: TenantName) -> Bool {
        let now = clock.now
        return entries.withLock { ($0[Key(tenant: tenant, id: id)]?.expires ?? 0) > now }
    }

    /// Lets the session live for `lifetime` from now; false when it is gone.
    @discardableResult
    func renew(_ id: SessionID, of tenant: TenantName, lifetime: Int64) -> Bool {
        change(id, tenant) { entry, now in entry.expires = now + lifetime }
    }

    private func change(_ id: SessionID, _ tenant: TenantName, _ body: (inout Entry, Int64) -> Void) -> Bool {
        let now = clock.now
        return entries.withLock { entries in
            guard var entry = entries[Key(tenant: tenant, id: id)], entry.expires > now else { return false }
            body(&entry, now)
            entries[Key(tenant: tenant, id: id)] = entry
            return true
        }
    }
}
