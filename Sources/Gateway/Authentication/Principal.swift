import Governance
import Synchronization

/// A verified token's grant together with its tenant. The connection that proved the token keeps it for all its requests.
final class Principal: Sendable {
    let grant: Grant
    let tenant: Tenant
    private let known = Mutex<AccountChain?>(nil)

    init(grant: Grant, tenant: Tenant) {
        self.grant = grant
        self.tenant = tenant
    }

    /// The accounts that its calls are charged to at that time, unix milliseconds: put together anew only when a window of theirs has ended.
    func accounts(at now: Int64, by windows: any WindowClock) -> AccountChain {
        known.withLock { known in
            if let known, now < known.until { return known }
            let chain = AccountChain(of: self, at: now, by: windows)
            known = chain
            return chain
        }
    }
}
