package import Gateway
package import Governance
package import Logging
package import OneShotHTTP
import ServiceLifecycle
import Synchronization

/// Takes the access tokens of the authorization servers that the operator names (OAuth 2.1 resource server; RFC 9068, RFC 9728).
package final class ResourceServer: AccessTokens, Service {
    private struct Issuer {
        let terms: IssuerTerms
        let keys: IssuerKeys
    }

    package let resource: ProtectedResource
    private let issuers: [String: Issuer]
    private let withdrawn: Bell

    /// Whom to tell of withdrawn keys.
    private final class Bell: Sendable {
        private let listener = Mutex<(@Sendable () -> Void)?>(nil)
        func listen(_ body: @escaping @Sendable () -> Void) { listener.withLock { $0 = body } }
        func ring() { listener.withLock { $0 }?() }
    }

    /// `client` makes what fetches the keys of an issuer, by whom it is to trust.
    package init(
        _ resource: ProtectedResource, _ terms: [IssuerTerms], pace: IssuerKeys.Pace, logger: Logger,
        client: (String?) throws -> OneShotClient
    ) throws {
        self.resource = resource
        let withdrawn = Bell()
        self.withdrawn = withdrawn
        issuers = Dictionary(
            try terms.map { terms in
                let documents = IssuerDocuments(terms: terms, client: try client(terms.authorities))
                let keys = IssuerKeys(documents, pace: pace, logger: logger) { withdrawn.ring() }
                return (terms.issuer, Issuer(terms: terms, keys: keys))
            }
        ) { first, _ in first }
    }

    /// Has `body` called whenever an issuer has withdrawn a key.
    package func onWithdrawal(_ body: @escaping @Sendable () -> Void) { withdrawn.listen(body) }

    package func grant(of token: String, now: Int64) async throws(AuthenticationError) -> Grant {
        guard let shape = JWTShape(token) else { throw .malformed }
        guard let issuer = issuers[shape.issuer] else { throw .unproved }
        switch await issuer.keys.find(for: shape) {
        case .unknown: throw .undecided
        case .keys(let keys):
            for key in keys {
                if let claims = await key.claims(of: shape), claims.text("iss") == issuer.terms.issuer {
                    return try TokenJudge(terms: issuer.terms, claims: claims).grant(now: now)
                }
            }
            throw .unproved
        }
    }

    package func scopes(of access: Grant.Access, allowing isAllowed: (Scope) -> Bool) -> [String] {
        guard let rule = issuers[access.issuer]?.terms.scope else { return [] }
        let enough = rule.known.filter { rule.scope(of: [$0]).map(isAllowed) ?? false }
        return enough.isEmpty ? [] : access.scopes + enough.filter { !access.scopes.contains($0) }
    }

    /// Fetches the keys of each issuer once: how many there are, or why they were not had.
    package func attempt() async -> [(issuer: String, outcome: Result<Int, IssuerError>)] {
        var found: [(String, Result<Int, IssuerError>)] = []
        for (name, issuer) in issuers.sorted(by: { $0.key < $1.key }) { found.append((name, await issuer.keys.attempt())) }
        return found
    }

    /// Keeps the issuers' keys until cancelled.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [issuers] in
            await withDiscardingTaskGroup { group in
                for issuer in issuers.values { group.addTask { await issuer.keys.run() } }
            }
        }
    }
}
