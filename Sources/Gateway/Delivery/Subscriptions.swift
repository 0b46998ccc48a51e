import Governance
import MCPWire
import Synchronization

/// The streams of `subscriptions/listen` that this node holds; an agent may have several.
final class Subscriptions: Sendable {
    /// One of them, as long as it is open.
    struct Place: Sendable, Hashable {
        let presence: SessionID
        fileprivate let serial: UInt64
    }

    private struct Held: Sendable {
        let tenant: TenantName
        /// The request that opened it, by whose id its messages are tagged.
        let id: RequestID
        let lists: ListKinds
        let resources: Set<String>
        let stream: HeldStream
    }

    private struct State {
        var lastSerial: UInt64 = 0
        var held: [Place: Held] = [:]
        /// How many each presence has.
        var counts: [SessionID: Int] = [:]
    }

    private let state = Mutex(State())

    /// Holds the stream; nil when the agent has `most` already.
    func add(_ stream: HeldStream, of presence: Session, as id: RequestID, to filter: SubscriptionFilter, most: Int) -> Place? {
        let entry = Held(tenant: presence.tenant, id: id, lists: filter.lists, resources: Set(filter.resources), stream: stream)
        return state.withLock { state in
            let count = state.counts[presence.id] ?? 0
            guard count < most else { return nil }
            state.counts[presence.id] = count + 1
            state.lastSerial += 1
            let place = Place(presence: presence.id, serial: state.lastSerial)
            state.held[place] = entry
            return place
        }
    }

    /// The stream has closed.
    func remove(_ place: Place) {
        state.withLock { state in
            guard state.held.removeValue(forKey: place) != nil, let count = state.counts[place.presence] else { return }
            state.counts[place.presence] = count > 1 ? count - 1 : nil
        }
    }

    /// What those who asked for it are to be told when lists of the tenant have changed.
    func posts(changed kinds: ListKinds, of tenant: TenantName) -> [HeldStream.Post] {
        held { $0.tenant == tenant && !$0.lists.isDisjoint(with: kinds) }.map { entry in
            HeldStream.Post(stream: entry.stream, messages: Outgoing.listChanged(kinds.intersection(entry.lists), to: entry.id))
        }
    }

    /// What those who subscribe to the resource are to be told when it has changed: all of the tenant, or one agent.
    func posts(updated uri: String, of tenant: TenantName, for presence: SessionID?) -> [HeldStream.Post] {
        let entries = state.withLock { state in
            state.held.filter { place, entry in
                entry.tenant == tenant && (presence == nil || place.presence == presence) && entry.resources.contains(uri)
            }.values
        }
        return entries.map { HeldStream.Post(stream: $0.stream, messages: [Outgoing.resourceUpdated(uri, to: $0.id)]) }
    }

    /// Ends the streams of one agent.
    func close(_ presence: SessionID) {
        for (place, entry) in state.withLock({ $0.held }) where place.presence == presence { entry.stream.end() }
    }

    /// Ends all streams.
    func closeAll() { for entry in held({ _ in true }) { entry.stream.end() } }

    private func held(_ isMeant: (Held) -> Bool) -> [Held] { state.withLock { $0.held.values.filter(isMeant) } }
}
