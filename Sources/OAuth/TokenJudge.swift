import Gateway
import Governance
import Macaroons

/// The judgement of proved claims by the terms of their issuer.
struct TokenJudge {
    let terms: IssuerTerms
    let claims: Claims

    /// By so much an issuer's clock may be ahead of ours where a token begins; none where it ends.
    private static let leeway: Int64 = 30_000

    /// What the token entitles to; `now` in unix milliseconds.
    func grant(now: Int64) throws(AuthenticationError) -> Grant {
        let tenant = terms.tenant.value(in: claims)
        guard let subject = claims.text("sub"), !subject.isEmpty else { throw .refused(.noSubject, tenant: tenant, token: nil) }
        guard let user = Self.id("subject", [terms.issuer, subject]),
            let principal = Self.id("principal", [terms.issuer, subject, client])
        else { throw .malformed }
        func refused(_ reason: AuthenticationError.Reason) -> AuthenticationError { .refused(reason, tenant: tenant, token: principal) }

        guard !terms.audiences.isDisjoint(with: claims["aud"]?.texts ?? []) else { throw refused(.wrongAudience) }
        guard let expires = claims.instant("exp") else { throw refused(.noExpiry) }
        guard now < expires else { throw refused(.expired) }
        guard claims.values["nbf"] == nil || (claims.instant("nbf").map { $0 <= now + Self.leeway } ?? false) else {
            throw refused(.notYetValid)
        }
        guard let tenant else { throw refused(.noTenant) }
        let scopes = terms.scope?.scopes(in: claims) ?? []
        guard let scope = terms.scope.map({ $0.scope(of: scopes) }) ?? Scope() else { throw refused(.insufficientScope) }
        let budget = terms.budget?.value(in: claims)
        guard terms.budget == nil || budget != nil else { throw refused(.noBudget) }
        return Grant(
            tenant: tenant, token: principal, lineage: [user, principal], expires: expires, scope: scope, budget: budget,
            caps: terms.limit.map { [Grant.Cap(prefix: principal, limit: $0)] } ?? [], label: label,
            access: Grant.Access(issuer: terms.issuer, scopes: scopes))
    }

    /// Who acts for the subject (RFC 9068 §2.2); `azp` at older servers.
    private var client: String { claims.text("client_id") ?? claims.text("azp") ?? "" }

    /// As far as it can be shown: text of some length, without control characters.
    private var label: String? {
        guard let text = terms.label.flatMap({ claims[$0]?.texts.first }), (1...200).contains(text.utf8.count) else { return nil }
        return text.unicodeScalars.contains { $0.properties.generalCategory == .control } ? nil : text
    }

    /// An id of the same kind as a macaroon's, of texts that cannot run into each other.
    private static func id(_ kind: String, _ parts: [String]) -> TokenID? {
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined()
        return SHA256.digest(of: Array("satgate/oauth/v1 \(kind)\n\(text)".utf8)).flatMap { TokenID($0.hex) }
    }
}
