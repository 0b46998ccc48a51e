import Events
import Governance
import MCPWire
import NIOCore
import Synchronization

/// The upstreams of one tenant and the catalogue they make.
final class TenantUpstreams: Sendable {
    let tenant: Tenant
    /// In document order.
    let upstreams: [Upstream]
    private let byName: [UpstreamName: Upstream]
    private let built: Mutex<Catalogue?> = Mutex(nil)
    /// One at a time, so that the newest stays.
    private let building = Mutex(())
    /// Rung with each new catalogue.
    private let changed = Bell()

    init(_ tenant: Tenant, by transports: Transports) {
        self.tenant = tenant
        upstreams = tenant.upstreams.map { Upstream($0, by: transports) }
        byName = Dictionary(upstreams.map { ($0.document.name, $0) }) { first, _ in first }
    }

    /// The upstream of that name.
    func upstream(_ name: UpstreamName) -> Upstream? { byName[name] }

    /// The newest catalogue; nil until every upstream has been tried once.
    var current: Catalogue? { built.withLock { $0 } }

    /// The catalogue, waiting until every upstream has been tried once, but no longer than `deadline`.
    func catalogue(before deadline: NIODeadline, on eventLoop: any EventLoop) async -> Catalogue {
        while true {
            let seen = changed.count
            if let current { return current }
            guard !upstreams.isEmpty, deadline > .now(), !Task.isCancelled else { return build() }
            await changed.wait(after: seen, until: deadline, on: eventLoop)
        }
    }

    /// Takes in what the upstreams are now; answers the number of tools when an earlier catalogue listed others.
    func refresh() -> Int? {
        guard upstreams.allSatisfy({ $0.known.standing != .starting }) else { return nil }
        let (before, fresh) = building.withLock { _ in
            let fresh = build()
            let before = built.withLock { built in
                defer { built = fresh }
                return built
            }
            return (before, fresh)
        }
        changed.ring()
        guard let before, !before.listsTheSame(as: fresh) else { return nil }
        return fresh.entries.count
    }

    private func build() -> Catalogue {
        let parts = upstreams.map { upstream in
            let known = upstream.known
            return CatalogueBuilder.Part(
                upstream: upstream.document.name, tools: known.tools, isMissing: known.standing != .up, isWithdrawn: known.isWithdrawn)
        }
        return CatalogueBuilder(parts, naming: tenant.naming).build()
    }
}

extension Catalogue {
    /// True when an agent would see no difference.
    fileprivate func listsTheSame(as other: Catalogue) -> Bool {
        entries.elementsEqual(other.entries) { left, right in
            left.shownName == right.shownName && left.target == right.target && left.definition.bytes == right.definition.bytes
        }
    }
}
