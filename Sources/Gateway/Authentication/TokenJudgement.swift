package import Governance
package import Macaroons

/// What the gateway would make of a token for one call, told to an operator: cryptography, then policy, then the call.
package enum TokenJudgement: Sendable {
    case authorized(Grant)
    /// Why, in a word of a fixed set.
    case unauthorized(String)
    /// Why, in our words.
    case malformed(String)

    /// The call a token is judged for; what is nil is not asked.
    package struct Call: Sendable {
        package var tenant: String?
        package var tool: String?
        package var cost: Credits?

        package init(tenant: String? = nil, tool: String? = nil, cost: Credits? = nil) {
            self.tenant = tenant
            self.tool = tool
            self.cost = cost
        }
    }

    /// Judges by one root key of any tenant, whatever key the identifier names; `now` in unix milliseconds.
    ///
    /// No tenant's document is at hand: a scope's `x:*` is taken as `x:…` and `x_…`, and the cost is held against the
    /// token's caps as if nothing of them were spent.
    package static func of(_ token: String, rootKey: RootKey, call: Call, now: Int64) -> TokenJudgement {
        let macaroon: Macaroon
        do { macaroon = try Macaroon(decoding: token) } catch { return .malformed(error.explanation) }
        guard let key = KeyRing.Key(id: "any", tenant: nil, root: rootKey), let verified = macaroon.verify(rootKey: rootKey) else {
            return .unauthorized(AuthenticationError.unproved.label)
        }
        let grant: Grant
        do { grant = try Clearing.grant(for: verified, under: key) } catch { return .unauthorized(error.label) }
        if let refusal = refusal(of: grant, call: call, now: now) { return .unauthorized(refusal) }
        return .authorized(grant)
    }

    private static func refusal(of grant: Grant, call: Call, now: Int64) -> String? {
        if now >= grant.expires { return AuthenticationError.Reason.expired.rawValue }
        if let tenant = call.tenant, tenant != grant.tenant.text { return AuthenticationError.Reason.wrongTenant.rawValue }
        if let tool = call.tool, !grant.scope.allows(name: tool) { return "scope" }
        if let cost = call.cost, grant.caps.contains(where: { $0.limit < cost }) { return "insufficient_budget" }
        return nil
    }
}

extension MacaroonError {
    /// A sentence that quotes nothing of the token.
    package var explanation: String {
        switch self {
        case .tokenTooLong: "longer than \(Macaroon.Limit.token) bytes"
        case .tooManyCaveats: "more than \(Macaroon.Limit.caveats) caveats"
        case .caveatTooLong: "a caveat longer than \(Macaroon.Limit.caveat) bytes"
        case .malformed(let reason): reason
        case .notText: "the encoding carries only text"
        case .emptyKey: "the root key is empty"
        case .cryptography: "libcrypto failed"
        }
    }
}
