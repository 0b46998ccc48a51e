package import Governance

/// Why a request is nobody's. To the agent every case is the same 401; the label is for events and metrics.
package enum AuthenticationError: Error, Sendable, Hashable {
    /// No bearer token was presented.
    case missing
    /// What was presented is no macaroon.
    case malformed
    /// No key of the ring signed it: an unknown key, a broken chain and a third party's caveat look alike.
    case unproved
    /// The signature holds, the token still says too little, too much or what nobody here understands.
    /// The tenant is nil only where a key of any tenant signed a token that names none, or two.
    case refused(Reason, tenant: TenantName?, token: TokenID?)
    /// An access token whose issuer's keys cannot be had just now: nothing is said of the token.
    case undecided

    /// What is wrong with a token whose signature holds.
    package enum Reason: String, Error, Sendable, Hashable, CaseIterable {
        /// Not UTF-8, or with a control character in it.
        case caveatNotText = "caveat_not_text"
        /// Not `key = value`, or with a key that is not known.
        case unknownCaveat = "unknown_caveat"
        /// A known key with a value that does not follow its form.
        case unreadableCaveat = "unreadable_caveat"
        case noTenant = "no_tenant"
        /// Two `tenant_id` that differ.
        case conflictingTenants = "conflicting_tenants"
        /// A `tenant_id` other than the tenant of the key.
        case wrongTenant = "wrong_tenant"
        case noExpiry = "no_expiry"
        case expired
        case revoked
        /// A `budget_id` with no seal after it.
        case unsealedBudget = "unsealed_budget"
        /// A `budget_bind` that is not the root key's over the chain before it.
        case badSeal = "bad_seal"
        /// Two `budget_id` that differ.
        case conflictingBudgets = "conflicting_budgets"
        /// More than eight `budget_limit`.
        case tooManyCaps = "too_many_caps"
        /// An access token for another resource.
        case wrongAudience = "wrong_audience"
        /// An access token that is valid only later.
        case notYetValid = "not_yet_valid"
        /// An access token without `sub`, or with one that is no text.
        case noSubject = "no_subject"
        /// The claim of the budget names none that the issuer may use.
        case noBudget = "no_budget"
        /// No scope of an access token means anything here.
        case insufficientScope = "insufficient_scope"
    }

    /// One of a fixed set of words.
    package var label: String {
        switch self {
        case .missing: "no_token"
        case .malformed: "malformed_token"
        case .unproved: "bad_signature"
        case .refused(let reason, _, _): reason.rawValue
        case .undecided: "keys_unavailable"
        }
    }

    /// True when a key of the ring signed the token, so that its tenant may be told of the refusal.
    package var signatureProved: Bool {
        switch self {
        case .missing, .malformed, .unproved, .undecided: false
        case .refused: true
        }
    }
}
