/// Why a token may not give away what its holder wants to.
package enum DelegationFlaw: String, Sendable, Hashable, CaseIterable {
    /// Its `delegation_depth` is 0.
    case depth = "delegation_depth"
    /// More than its `delegation_budget`.
    case budget = "delegation_budget"
    /// More than it may do itself.
    case scope = "delegation_scope"
    /// A token that names all its ancestors would be too large.
    case length = "delegation_length"

    var message: String {
        switch self {
        case .depth: "The token may not be delegated from"
        case .budget: "The token may not give so much in one delegation"
        case .scope: "The scope is not within the token's own"
        case .length: "The delegated token would be too large: too many delegations follow each other, or too long a scope"
        }
    }
}
