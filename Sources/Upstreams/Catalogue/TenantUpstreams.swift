import Events
import Governance
import MCPWire
import NIOCore
import Synchronization

/// The upstreams of one tenant on this node, what the cluster knows of them, and the catalogue that makes.
final class TenantUpstreams: Sendable {
    private struct State {
        var tenant: Tenant
        /// In document order.
        var upstreams: [Upstream]
        var records: [UpstreamName: UpstreamRecord] = [:]
        /// The same, with what was last agreed with each: what a call needs.
        var routes: [(Upstream, SessionTerms?)] = []
        var stamps: [UpstreamName: Int64] = [:]
        /// How many records of an upstream this node has adopted: one that was adopted while others were read is the newer.
        var adoptions: [UpstreamName: Int] = [:]
        var version: Int64 = 0
        /// Nil until every upstream was tried once by some node.
        var catalogue: Catalogue?
        /// What agents were last given or told of; nil before anything was to be listed.
        var shown: Shown?
        /// The next change is told when its window ends.
        var isTelling = false
        var isRetired = false
    }

    /// What decides how lists look.
    private struct Shown {
        let catalogue: Catalogue
        /// The tenant's, then each upstream's.
        let tariffs: [Tariff?]

        init(_ catalogue: Catalogue, of tenant: Tenant) {
            self.catalogue = catalogue
            tariffs = [tenant.tariff] + tenant.upstreams.map(\.tariff)
        }

        /// The lists that look otherwise than then; prices are shown with tools.
        func changes(since then: Shown) -> ListKinds {
            catalogue.differences(from: then.catalogue).union(tariffs == then.tariffs ? [] : .tools)
        }
    }

    /// Rung when there is something to look at: a new document, or news of another node.
    let news = Bell()
    /// Rung with each new catalogue.
    private let changed = Bell()
    private let surroundings: Surroundings
    private let state: Mutex<State>

    init(_ tenant: Tenant, _ surroundings: Surroundings) {
        self.surroundings = surroundings
        let upstreams = tenant.upstreams.map { Self.make($0, of: tenant.name, surroundings) }
        state = Mutex(State(tenant: tenant, upstreams: upstreams, routes: upstreams.map { ($0, nil) }))
        name = tenant.name
    }

    let name: TenantName
    /// In document order.
    var upstreams: [Upstream] { state.withLock { $0.upstreams } }
    /// True when the tenant is no more.
    var isRetired: Bool { state.withLock { $0.isRetired } }
    /// What a reader of the records has to know, taken before it reads.
    var mark: Mark { state.withLock { Mark(stamps: $0.stamps, adoptions: $0.adoptions) } }

    /// What was known when reading began.
    struct Mark: Sendable {
        let stamps: [UpstreamName: Int64]
        fileprivate let adoptions: [UpstreamName: Int]
    }

    /// The version of the catalogue taken in.
    var version: Int64 { state.withLock { $0.version } }

    /// The upstream of that name, and what was last agreed with it.
    func upstream(_ name: UpstreamName) -> (Upstream, SessionTerms?)? {
        state.withLock { state in state.routes.first { $0.0.name == name } }
    }

    /// All of them, with what was last agreed with each.
    var all: [(Upstream, SessionTerms?)] {
        state.withLock { $0.routes }
    }

    /// How those stand that were tried.
    var standings: [UpstreamRecord.Standing] {
        state.withLock { state in state.upstreams.compactMap { state.records[$0.name]?.standing } }
    }

    /// What is known of the other upstreams.
    func records(besides name: UpstreamName) -> [UpstreamName: UpstreamRecord] {
        state.withLock { $0.records.filter { $0.key != name } }
    }

    /// What the cluster knows of that upstream.
    func record(_ name: UpstreamName) -> UpstreamRecord? { state.withLock { $0.records[name] } }

    /// The newest catalogue; nil until every upstream has been tried once.
    var current: Catalogue? { state.withLock { $0.catalogue } }

    /// The catalogue, waiting until every upstream has been tried once, but no longer than `deadline`.
    func catalogue(before deadline: NIODeadline, on eventLoop: any EventLoop) async -> Catalogue {
        while true {
            let seen = changed.count
            if let current { return current }
            guard deadline > .now(), !Task.isCancelled else { return incomplete() }
            await changed.wait(after: seen, until: deadline, on: eventLoop)
        }
    }

    /// What there is before every upstream was tried; the rest will be a change.
    private func incomplete() -> Catalogue {
        state.withLock { state in
            if let catalogue = state.catalogue { return catalogue }
            let catalogue = Self.build(state)
            state.shown = Shown(catalogue, of: state.tenant)
            return catalogue
        }
    }

    /// The tenant's document has changed: upstreams that are the same stay as they are; answers those that are gone.
    func update(_ tenant: Tenant) -> [Upstream] {
        let gone = state.withLock { state -> [Upstream]? in
            guard state.tenant != tenant else { return nil }
            let before = state.upstreams
            state.tenant = tenant
            state.upstreams = tenant.upstreams.map { document in
                before.first { $0.document.isReached(like: document) } ?? Self.make(document, of: tenant.name, surroundings)
            }
            Self.rebuild(&state)
            return before.filter { old in !state.upstreams.contains { $0 === old } }
        }
        guard let gone else { return [] }
        rebuilt()
        news.ring()
        return gone
    }

    /// The tenant is no more; answers its upstreams.
    func retire() -> [Upstream] {
        let upstreams = state.withLock { state in
            state.isRetired = true
            return state.upstreams
        }
        news.ring()
        return upstreams
    }

    /// Takes in what the cluster knows, as it was read after `mark`.
    func take(_ found: CatalogueState, since mark: Mark) {
        let told = state.withLock { state in
            let newer = Set(state.adoptions.filter { $0.value != mark.adoptions[$0.key] }.keys)
            let changed = found.changed.filter { !newer.contains($0.key) }
            state.records = state.records.filter { found.stamps[$0.key] != nil || newer.contains($0.key) }
                .merging(changed) { _, new in new }
            state.stamps = found.stamps.filter { state.records[$0.key] != nil && !newer.contains($0.key) }
            state.version = max(state.version, found.version)
            Self.rebuild(&state)
            return state.upstreams.compactMap { upstream in changed[upstream.name].map { (upstream, $0.standing) } }
        }
        for (upstream, standing) in told { upstream.calls?.reported(standing) }
        rebuilt()
    }

    /// Whether agents would see this record make a difference.
    func isVisible(_ record: UpstreamRecord, of name: UpstreamName) -> Bool {
        state.withLock { state in
            var after = state
            after.records[name] = record
            return !Self.build(state).differences(from: Self.build(after)).isEmpty
        }
    }

    /// Takes in a record that this node has written; answers how many tools are listed now.
    func adopt(_ record: UpstreamRecord, of name: UpstreamName) -> Int {
        let (upstream, tools) = state.withLock { state in
            state.records[name] = record
            state.adoptions[name, default: 0] += 1
            Self.rebuild(&state)
            return (state.upstreams.first { $0.name == name }, state.catalogue?.entries.count ?? 0)
        }
        upstream?.calls?.reported(record.standing)
        rebuilt()
        return tools
    }

    /// Wakes who waits for a catalogue, and sees to it that a difference agents can see is told.
    private func rebuilt() {
        changed.ring()
        let isDifferent = state.withLock { state in
            guard let catalogue = state.catalogue, !state.isTelling else { return false }
            let now = Shown(catalogue, of: state.tenant)
            state.isTelling = state.shown.map { !now.changes(since: $0).isEmpty } ?? false
            if state.shown == nil { state.shown = now }
            return state.isTelling
        }
        if isDifferent { surroundings.observers.afterWindow { self.tell() } }
    }

    /// Tells the observers, unless all is again as it was.
    private func tell() {
        let (changes, name) = state.withLock { state -> (ListKinds, TenantName) in
            state.isTelling = false
            guard let catalogue = state.catalogue, !state.isRetired else { return ([], state.tenant.name) }
            let now = Shown(catalogue, of: state.tenant)
            let changes = state.shown.map { now.changes(since: $0) } ?? .all
            state.shown = now
            return (changes, state.tenant.name)
        }
        if !changes.isEmpty { surroundings.observers.tell(changes, of: name) }
    }

    private static func make(_ document: UpstreamDocument, of tenant: TenantName, _ surroundings: Surroundings) -> Upstream {
        Upstream(
            document, of: tenant, sessions: surroundings.sessions, audience: surroundings.audience, timings: surroundings.timings,
            by: surroundings.transports)
    }

    /// A catalogue once complete stays one: what is added later joins it when it has been tried.
    private static func rebuild(_ state: inout State) {
        state.routes = state.upstreams.map { ($0, state.records[$0.name]?.terms) }
        guard state.catalogue != nil || state.upstreams.allSatisfy({ state.records[$0.name] != nil }) else { return }
        state.catalogue = build(state)
    }

    private static func build(_ state: State) -> Catalogue {
        let parts = state.upstreams.map { upstream in
            CatalogueBuilder.Part(upstream.document, state.records[upstream.name])
        }
        return CatalogueBuilder(parts, naming: state.tenant.naming).build(version: state.version)
    }
}

extension Catalogue {
    /// The lists in which an agent would see a difference.
    fileprivate func differences(from other: Catalogue) -> ListKinds {
        var kinds: ListKinds = listsTheSameTools(as: other) ? [] : .tools
        for listing in Listing.allCases where others[listing] != other.others[listing] { kinds.insert(listing.kind) }
        return kinds
    }

    private func listsTheSameTools(as other: Catalogue) -> Bool {
        entries.elementsEqual(other.entries) { left, right in
            left.shownName == right.shownName && left.target == right.target && left.definition.bytes == right.definition.bytes
        }
    }
}
