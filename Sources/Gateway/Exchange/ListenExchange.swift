import Governance
import MCPWire
import NIOCore
import Upstreams

/// A `subscriptions/listen` of an agent without a session: a stream that tells of the changes it asks for, until one side ends it.
struct ListenExchange {
    let gateway: Gateway
    let agent: Agent
    let reply: HTTPReply

    /// Opens the stream; from here on the socket's own events drive it and no task waits on it.
    func open(_ message: Message, _ id: RequestID) async throws(Fault) {
        let filter = await offered(try SubscriptionFilter(message))
        if gateway.isDraining { throw .draining }
        guard reply.isOpen else { return }
        let (gateway, presence) = (gateway, agent.session)
        guard let place = gateway.streams.subscribe(reply, presence, to: filter, as: id, most: gateway.configuration.subscriptionsPerAgent)
        else { throw .tooManyStreams(most: gateway.configuration.subscriptionsPerAgent) }
        let expiry = reply.end(at: agent.grant.expires, now: gateway.now())
        reply.lastWords = Outgoing.subscriptionEnded(id, by: gateway.responder)
        reply.onClose = {
            expiry.cancel()
            gateway.streams.unsubscribe(place)
        }
        reply.stream(every: gateway.configuration.keepAlive) {
            gateway.start { await gateway.keep(presence) }
        }
        reply.event(Outgoing.acknowledged(filter, of: id), name: "message")
    }

    /// What of it will be told: lists that are offered, resources only of upstreams that the token may read from.
    private func offered(_ wanted: SubscriptionFilter) async -> SubscriptionFilter {
        var offered = SubscriptionFilter(lists: wanted.lists.intersection(gateway.offer(of: agent.tenant).announced))
        guard gateway.configuration.tellsOfUpdates, !wanted.resources.isEmpty else { return offered }
        let entries = await gateway.catalogues.catalogue(of: agent.tenant).others
        offered.resources = wanted.resources.filter { uri in
            entries.resource(for: uri).map { agent.grant.scope.allowsAll(of: $0.upstream) } ?? false
        }
        return offered
    }
}

extension Gateway {
    /// Lets a presence live on by a stream of its agent.
    fileprivate func keep(_ presence: Session) async {
        await keepAlive(presence) { () throws(StoreError) in
            if try await sessions.prolong(presence) { announce(presence, client: presence.client) }
            return true
        }
    }
}
