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
        var filter = try SubscriptionFilter(message)
        if gateway.isLeaving { throw .draining }
        let (gateway, agent, presence) = (gateway, agent, agent.session)
        filter.lists.formIntersection(gateway.offer(of: agent.tenant).announced)
        let watched = await gateway.watch(await targets(of: filter.resources), for: agent)
        filter.resources = watched.map(\.uri)
        guard reply.isOpen else { return gateway.unwatch(watched, for: agent) }
        guard let place = gateway.streams.subscribe(reply, presence, to: filter, as: id, most: gateway.configuration.subscriptionsPerAgent)
        else {
            gateway.unwatch(watched, for: agent)
            throw .tooManyStreams(most: gateway.configuration.subscriptionsPerAgent)
        }
        let expiry = gateway.end(reply, with: agent.grant)
        reply.lastWords = Outgoing.subscriptionEnded(id, by: gateway.responder)
        reply.onClose = {
            expiry.cancel()
            gateway.streams.unsubscribe(place)
            gateway.unwatch(watched, for: agent)
        }
        reply.stream(every: gateway.configuration.keepAlive) {
            gateway.start { await gateway.keep(presence) }
        }
        reply.event(Outgoing.acknowledged(filter, of: id), name: "message")
    }

    /// Where these resources are, those of upstreams that the token may read from.
    private func targets(of uris: [String]) async -> [(uri: String, target: Target)] {
        guard !uris.isEmpty else { return [] }
        let entries = await gateway.catalogues.catalogue(of: agent.tenant).others
        var found: [(uri: String, target: Target)] = []
        for uri in uris {
            guard let target = try? await gateway.resource(uri, for: agent.session, in: entries),
                agent.grant.scope.allowsAll(of: target.upstream)
            else { continue }
            found.append((uri, target))
        }
        return found
    }
}

extension Gateway {
    /// Lets a presence live on by a stream of its agent.
    fileprivate func keep(_ presence: Session) async {
        await keepAlive(presence) { () throws(StoreError) in
            if try await sessions.prolong(presence) == .new { announce(presence, client: presence.client) }
            return true
        }
    }
}
