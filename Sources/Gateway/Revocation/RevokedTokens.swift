package import Governance
package import Logging
import ServiceLifecycle
import Synchronization

/// The revoked tokens of the tenants that this node serves, and the streams that end with a token. Told at once by the bus, and read
/// again every few seconds, for a message may be lost.
package final class RevokedTokens: Service {
    private struct Known {
        var ids: Set<TokenID> = []
        /// The place of the last one read.
        var place: Int64?
        /// How many there were when they were last read.
        var count = 0
        var isLoaded = false
        var used = ContinuousClock.now
    }

    private struct State {
        var tenants: [TenantName: Known] = [:]
        var streams = WatchedStreams()
    }

    private let revocations: any Revocations
    private let logger: Logger
    /// Between two reads, at most: with the time that a read takes less than five seconds.
    private let interval = Duration.seconds(4)
    /// After which a tenant that nobody asks for is forgotten.
    private let idle: Duration
    private let state = Mutex(State())
    private let changes = Atomic<UInt64>(0)
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    package init(_ revocations: any Revocations, idle: Duration = .seconds(600), logger: Logger) {
        self.revocations = revocations
        self.idle = idle
        self.logger = logger
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Rises whenever a token that was judged before may have to be judged again.
    var generation: UInt64 { changes.load(ordering: .acquiring) }

    /// Has every token that a connection has proved judged anew.
    func judgeAnew() { changes.add(1, ordering: .releasing) }

    /// Whether the token, or one that it is made of, is revoked; asks for the tenant's revoked tokens where they are not known yet.
    func includes(_ grant: Grant) async throws(StoreError) -> Bool {
        if let judgement = judgement(of: grant) { return judgement }
        _ = try await read(grant.tenant, after: nil)
        guard let judgement = judgement(of: grant) else { throw .unavailable("revoked tokens") }
        return judgement
    }

    /// Has `end` called once when a token of the lineage is revoked, at once if one is already.
    func watch(_ grant: Grant, end: @escaping @Sendable () -> Void) -> WatchedStreams.Place {
        let (place, isRevoked) = state.withLock { state in
            let place = state.streams.add(grant, end)
            return (place, state.tenants[grant.tenant].map { !$0.ids.isDisjoint(with: grant.lineage) } ?? false)
        }
        if isRevoked { end() }
        return place
    }

    /// The stream has ended.
    func unwatch(_ place: WatchedStreams.Place) { state.withLock { $0.streams.remove(place) } }

    /// The bus says that the token is revoked.
    func hear(_ token: TokenID, of tenant: TenantName) { add([token], of: tenant) { _ in } }

    /// Messages may have been lost.
    func doubt() { ring.yield() }

    /// Reads again and again what was revoked.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    while (try? await Task.sleep(for: self.interval * Double.random(in: 0.75...1))) != nil { self.doubt() }
                }
                for await _ in self.bell { await self.refresh() }
                group.cancelAll()
            }
        }
    }
}

// MARK: Reading

extension RevokedTokens {
    /// Nil where the tenant's revoked tokens are not known.
    private func judgement(of grant: Grant) -> Bool? {
        state.withLock { state in
            guard let known = state.tenants[grant.tenant], known.isLoaded else { return nil }
            state.tenants[grant.tenant]?.used = .now
            return known.ids.isEmpty ? false : !known.ids.isDisjoint(with: grant.lineage)
        }
    }

    /// Reads what was revoked behind the place; true where that cannot be all that changed.
    private func read(_ tenant: TenantName, after place: Int64?) async throws(StoreError) -> Bool {
        // Made ahead of reading, so that what is heard meanwhile is kept.
        state.withLock { if $0.tenants[tenant] == nil { $0.tenants[tenant] = Known() } }
        let found = try await revocations.revoked(of: tenant, after: place)
        var isPartial = false
        add(found.ids, of: tenant) { known in
            isPartial = place != nil && found.count != known.count + found.ids.count
            known.count = found.count
            known.place = [known.place, found.place].compactMap(\.self).max()
            known.isLoaded = true
        }
        return isPartial
    }

    /// Takes these ids in, of which some may be new, and ends the streams of those. None is ever taken out: what Redis forgets has expired.
    private func add(_ ids: [TokenID], of tenant: TenantName, _ note: (inout Known) -> Void) {
        let ends: [@Sendable () -> Void] = state.withLock { state in
            guard var known = state.tenants[tenant] else { return [] }
            state.tenants[tenant] = nil  // keeps `known` uniquely referenced while it changes
            let new = ids.filter { known.ids.insert($0).inserted }
            note(&known)
            state.tenants[tenant] = known
            guard !new.isEmpty else { return [] }
            changes.add(1, ordering: .releasing)
            return state.streams.ends(of: tenant, withAny: Set(new))
        }
        for end in ends { end() }
    }

    /// Reads what is new of each tenant in use, 64 at a time, and forgets the others.
    private func refresh() async {
        var rest = inUse()[...]
        while !rest.isEmpty {
            let batch = rest.prefix(64)
            rest = rest.dropFirst(64)
            await withDiscardingTaskGroup { group in
                for (tenant, place) in batch { group.addTask { await self.refresh(tenant, after: place) } }
            }
        }
    }

    private func refresh(_ tenant: TenantName, after place: Int64?) async {
        do throws(StoreError) {
            if try await read(tenant, after: place) { _ = try await read(tenant, after: nil) }
        } catch {
            logger.debug("revoked tokens not read", metadata: ["tenant": "\(tenant)", "error": "\(error)"])
        }
    }

    private func inUse() -> [(TenantName, Int64?)] {
        state.withLock { state in
            let now = ContinuousClock.now
            let count = state.tenants.count
            state.tenants = state.tenants.filter { now - $0.value.used < idle || state.streams.has($0.key) }
            if state.tenants.count < count { changes.add(1, ordering: .releasing) }
            return state.tenants.map { ($0.key, $0.value.place) }
        }
    }
}
