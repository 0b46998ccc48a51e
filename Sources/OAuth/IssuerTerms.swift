package import Governance
package import OneShotHTTP

/// An authorization server whose tokens are taken, and what they are worth here.
package struct IssuerTerms: Sendable {
    /// What `iss` must be, byte for byte.
    package let issuer: String
    /// The issuer as an address.
    package let address: HTTPAddress
    /// Where its keys are; nil: its metadata say so.
    package var keys: HTTPAddress?
    /// A PEM file of whom to trust when its keys are fetched; nil: the system's authorities.
    package var authorities: String?
    /// Of which `aud` must name one.
    package var audiences: Set<String>
    package var tenant: ClaimRule<TenantName>
    /// Nil: its tokens may use all that the tenant has.
    package var scope: ScopeRule?
    /// Nil: calls are charged to no budget.
    package var budget: ClaimRule<BudgetName>?
    /// A cap over all that one subject spends through one client.
    package var limit: Credits?
    /// The claim that tells people who it is; nil: none.
    package var label: String?

    package init(issuer: String, address: HTTPAddress, audiences: Set<String>, tenant: ClaimRule<TenantName>) {
        self.issuer = issuer
        self.address = address
        self.audiences = audiences
        self.tenant = tenant
    }
}
