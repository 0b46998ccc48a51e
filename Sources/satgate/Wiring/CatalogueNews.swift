import Store
import Upstreams

/// Tells the catalogues what other nodes have found or ended.
struct CatalogueNews: ControlListener {
    let catalogues: Catalogues

    func heard(_ message: ControlMessage) {
        switch message {
        case .catalogueChanged(let tenant, _): catalogues.changed(tenant)
        case .sessionEnded(let session, let tenant): catalogues.forget(session, of: tenant)
        case .upstreamSuspected(let tenant, let upstream): catalogues.suspect(upstream, of: tenant)
        case .sessionChanged, .watchesChanged, .tenantChanged, .requestCancelled, .tokenRevoked, .slicesRecalled, .logTurned: break
        }
    }

    func reconnected() { catalogues.reconnected() }
}
