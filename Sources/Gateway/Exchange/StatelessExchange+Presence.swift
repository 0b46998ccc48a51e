import Governance
import MCPWire
import Upstreams

/// What the agent of a connection said of itself last, and what was made of it: good for all of its requests in which it says the same.
final class KnownPresence: Sendable {
    let description: AgentDescription
    /// What proved it: another principal is another agent.
    fileprivate let principal: Principal
    let known: KnownSession

    fileprivate init(_ description: AgentDescription, of principal: Principal) {
        self.description = description
        self.principal = principal
        known = KnownSession(Session(presenceOf: principal, description), profile: description.profile)
    }
}

extension StatelessExchange {
    /// Judges the request, and says whose it is; it was read with what is `known` in hand.
    func present(
        _ message: Message, _ fields: HeaderFields, _ principal: Principal, _ known: KnownPresence?
    ) throws(Fault) -> (request: StatelessRequest, presence: KnownPresence) {
        if let presence = known, presence.principal === principal, presence.description.isRepeated(in: message) {
            return (try StatelessRequest(message, headers: fields.repeating, of: presence.description), presence)
        }
        let request = try StatelessRequest(message, headers: fields.repeating)
        guard let description = AgentDescription(request, in: message) else { throw .invalidParams(ClientProfile.rule) }
        let presence = KnownPresence(description, of: principal)
        reply.presence = presence
        return (request, presence)
    }
}

extension Session {
    /// The presence of an agent that has no session: the same for all requests of one token in which the agent describes itself alike.
    fileprivate init(presenceOf principal: Principal, _ description: AgentDescription) {
        let token = principal.grant.token
        let digest = Fingerprint.sha256(of: Array("satgate/presence/v1\n\(token)\n".utf8) + description.sender)
        self.init(
            id: SessionID(digest.prefix(32)) ?? SessionID(), tenant: principal.tenant.name, principal: token, transport: .stateless,
            revision: Dialect.newestModern, client: description.client, label: principal.grant.label)
        describe(description.profile)
    }
}
