import Governance
import MCPWire
import NIOCore
import Synchronization

/// The streams this node holds on which messages go to agents outside any request: of each session its own, which is the only one of
/// HTTP+SSE and the one that a GET opened of Streamable HTTP; and those of `subscriptions/listen`.
package final class AgentStreams: Sendable {
    private struct Held: Sendable {
        let tenant: TenantName
        /// The newer stream of a session has the higher one.
        let fence: Int64
        let stream: HeldStream
        /// What is kept for it goes this way; nil for HTTP+SSE.
        let own: OwnStream?
        /// The handshake is over: the agent may be told of things.
        var isReady: Bool
        /// The agent wants to know of changes of resources.
        var hasWatches = false
    }

    private let held = Mutex<[SessionID: Held]>([:])
    private let subscriptions = Subscriptions<HeldStream>()
    /// The node stops: what is open is about to go on elsewhere.
    private let isLeaving = Atomic(false)

    package init() {}

    /// How many are open.
    var count: Int { held.withLock { $0.count } + subscriptions.streams.count }

    /// Holds the stream instead of an older one, which is closed; a newer one stays and this one is closed. `isReady`: the agent's
    /// handshake is over. `place`: the number of the last message that the agent has had, where messages have numbers. Call it on the
    /// reply's loop.
    func add(_ reply: HTTPReply, for session: Session, fence: Int64, isReady: Bool, after place: Int64? = nil) {
        let stream = HeldStream(reply)
        let own = place.map { OwnStream(stream, named: session.ownStream.name, after: $0) }
        let entry = Held(tenant: session.tenant, fence: fence, stream: stream, own: own, isReady: isReady)
        let older = held.withLock { held -> Held? in
            if let other = held[session.id], other.fence > fence { return entry }
            return held.updateValue(entry, forKey: session.id)
        }
        older?.stream.end()
        // It came while the others were told to go.
        if isLeaving.load(ordering: .sequentiallyConsistent) { own?.part() }
    }

    /// How many there are of each kind: opened by a GET, of HTTP+SSE, of `subscriptions/listen`.
    var counts: (get: Int, sse: Int, listen: Int) {
        let (all, own) = held.withLock { held in (held.count, held.values.count { $0.own != nil }) }
        return (own, all - own, subscriptions.streams.count)
    }

    /// The stream held under that fence has closed.
    func remove(_ session: SessionID, fence: Int64) {
        held.withLock { if $0[session]?.fence == fence { $0[session] = nil } }
    }

    /// Notes that the session's agent wants to know of changes of resources; false where this node does not hold its stream.
    func noteWatches(of session: SessionID) -> Bool {
        held.withLock { held in
            held[session]?.hasWatches = true
            return held[session] != nil
        }
    }

    /// Whether that was noted of the stream held.
    func hasWatches(_ session: SessionID) -> Bool { held.withLock { $0[session]?.hasWatches ?? false } }

    /// Whether the session's stream is here.
    func holds(_ session: SessionID) -> Bool { held.withLock { $0[session] != nil } }

    /// The session's own stream, where messages have numbers and this node holds it.
    func own(of session: SessionID) -> OwnStream? { held.withLock { $0[session]?.own } }

    /// Holds a stream of `subscriptions/listen`, opened by the request `id`; nil when the agent has `most` of them at this node already.
    /// Call it on the reply's loop.
    func subscribe(
        _ reply: HTTPReply, _ presence: Session, to filter: SubscriptionFilter, as id: RequestID, most: Int
    ) -> SubscriptionPlace? {
        let place = subscriptions.add(HeldStream(reply), of: presence, as: id, to: filter, most: most)
        if isLeaving.load(ordering: .sequentiallyConsistent) { HeldStream(reply).part() }
        return place
    }

    /// The stream has closed.
    func unsubscribe(_ place: SubscriptionPlace) { subscriptions.remove(place) }

    /// Puts the message on the session's stream; false when this node does not hold it.
    func deliver(_ message: [UInt8], to session: SessionID) -> Bool {
        let entry = held.withLock { held in
            held[session]?.isReady = true
            return held[session]
        }
        entry?.stream.send(message)
        return entry != nil
    }

    /// Tells a tenant's agents that lists have changed: on the stream of each session whose handshake is over, and on those of
    /// `subscriptions/listen` that asked for it.
    func tell(changed kinds: ListKinds, of tenant: TenantName) {
        let messages = Outgoing.listChanged(kinds)
        let own = held.withLock { held in held.values.filter { $0.tenant == tenant && $0.isReady } }
        HeldStream.send(
            own.map { ($0.stream, messages) } + subscriptions.posts(changed: kinds, of: tenant))
    }

    /// Tells those who listen for it that a resource has changed, by the URI that agents know: all of the tenant, or one agent.
    func tell(updated uri: String, of tenant: TenantName, for presence: SessionID? = nil) {
        HeldStream.send(subscriptions.posts(updated: uri, of: tenant, for: presence))
    }

    /// Ends the streams of the session, or of the agent that is without one.
    func close(_ session: SessionID) {
        close(session, below: .max)
        for stream in subscriptions.streams(of: session) { stream.end() }
    }

    /// Ends the session's own stream where it is older than `fence`.
    func close(_ session: SessionID, below fence: Int64) {
        guard let entry = held.withLock({ $0[session] }), entry.fence < fence else { return }
        if entry.own == nil, isLeaving.load(ordering: .sequentiallyConsistent) { entry.stream.part() } else { entry.stream.end() }
    }

    /// Has all agents go on at another node whose streams can: those of HTTP+SSE stay.
    func part() {
        isLeaving.store(true, ordering: .sequentiallyConsistent)
        for entry in held.withLock({ Array($0.values) }) { entry.own?.part() }
        for stream in subscriptions.streams { stream.part() }
    }

    /// The sessions of HTTP+SSE whose streams are here.
    var streamSessions: [(id: SessionID, tenant: TenantName)] {
        held.withLock { held in held.filter { $0.value.own == nil }.map { ($0.key, $0.value.tenant) } }
    }

    /// Ends all streams.
    func closeAll() {
        for entry in held.withLock({ Array($0.values) }) { entry.stream.part() }
        for stream in subscriptions.streams { stream.part() }
    }
}
