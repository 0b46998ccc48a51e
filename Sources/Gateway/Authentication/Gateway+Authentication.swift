import Events
import Governance
import HTTPWire
import MCPWire
import NIOHTTP1

/// Who asks: the proof of what a request presents.
extension Gateway {
    /// The grant and tenant of the request's token.
    func identify(_ inbound: Inbound, on reply: HTTPReply) async throws(Rejection) -> Principal {
        let generation = revoked.generation
        let presented = inbound.fields.presented
        if let presented, let known = reply.known, known.generation == generation,
            presented.isSame(as: known.authorization), now() < known.principal.grant.expires,
            tenants.tenant(known.principal.grant.tenant) === known.principal.tenant
        {
            return known.principal
        }
        return try await prove(inbound, presented, on: reply, generation)
    }

    @inline(never)  // keeps what only a connection's first request needs out of the frames of all others
    private func prove(
        _ inbound: Inbound, _ presented: ArraySlice<UInt8>?, on reply: HTTPReply, _ generation: UInt64
    ) async throws(Rejection) -> Principal {
        if inbound.fields.listsTokens { throw .repeatedHeader("Authorization") }
        let grant = try await judge(presented: presented != nil) { () throws(AuthenticationError) in
            try await read(inbound.fields.authorization)
        }
        let principal = try principal(of: grant)
        if let presented {
            reply.known = HTTPReply.Known(authorization: Array(presented), principal: principal, generation: generation)
        }
        return principal
    }

    private func read(_ header: String?) async throws(AuthenticationError) -> Grant {
        guard let accessTokens, let token = Authenticator.token(in: header), AccessTokenReader.reads(token) else {
            return try authenticator.identify(authorization: header, now: now())
        }
        return try await accessTokens.identify(String(token), now: now())
    }

    /// The grant of a token that is not revoked; `presented`: something came that was to prove it.
    func judge(presented: Bool, _ identify: () async throws(AuthenticationError) -> Grant) async throws(Rejection) -> Grant {
        let grant: Grant
        do {
            grant = try await identify()
        } catch {
            announce(error)
            throw rejection(for: error, presented: presented)
        }
        let isRevoked: Bool
        do { isRevoked = try await revoked.includes(grant) } catch { throw .storeUnavailable(nil) }
        guard isRevoked else { return grant }
        announce(.refused(.revoked, tenant: grant.tenant, token: grant.token))
        throw .unauthenticated(challenge(.invalidToken))
    }

    private func rejection(for error: AuthenticationError, presented: Bool) -> Rejection {
        switch error {
        case .undecided: .keysUnavailable
        case .refused(.insufficientScope, _, _): .insufficientScope(challenge(.insufficientScope))
        default: .unauthenticated(challenge(presented ? .invalidToken : nil))
        }
    }

    /// What tells a client of the tokens that are taken here.
    func challenge(_ flaw: Challenge.Flaw?) -> Challenge { Challenge(flaw, of: accessTokens?.tokens.resource) }

    /// What tells the holder of an access token which scopes it lacks for what it wants.
    func challenge(lacking wanted: Wanted, _ access: Grant.Access) -> Challenge {
        let scopes = accessTokens?.tokens.scopes(of: access, allowing: wanted.isAllowed)
        return Challenge(.insufficientScope, of: accessTokens?.tokens.resource, scopes: scopes)
    }

    /// The grant with its tenant.
    func principal(of grant: Grant) throws(Rejection) -> Principal {
        guard let tenant = tenants.tenant(grant.tenant) else {
            throw tenants.isUnread(grant.tenant) ? .storeUnavailable(nil) : .unknownTenant
        }
        return Principal(grant: grant, tenant: tenant)
    }

    /// Tells the tenant of a proved token that was refused; of any other only whoever watches the node, and not of too many.
    private func announce(_ failure: AuthenticationError) {
        if case .undecided = failure { return }
        let data: Event.Fields = ["error": .text(failure.label)]
        if case .refused(_, let tenant?, let token) = failure {
            events.publish(Event(.authFailure, tenant: tenant, token: token, node: node, data: data))
        } else if failures.admit() {
            events.publish(Event(.authFailure, tenant: nil, node: node, data: data))
        }
    }

    /// Tells who asks, without a token, what the gateway is to OAuth clients.
    func describe(_ inbound: Inbound, _ reply: HTTPReply) throws(Rejection) {
        guard let resource = accessTokens?.tokens.resource, resource.isDescribed(at: inbound.head.target.prefix { $0 != "?" }) else {
            throw .notFound
        }
        reply.send(.ok, resource.metadata, headers: ["cache-control": "max-age=300"])
    }

    /// An issuer does not sign with some key any more: all that was proved is to be proved anew.
    package func judgeAnew() {
        accessTokens?.forget()
        revoked.judgeAnew()
    }
}
