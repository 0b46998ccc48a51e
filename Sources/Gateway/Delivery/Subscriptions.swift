import Governance
import MCPWire
import Synchronization

/// The streams of `subscriptions/listen` that one node holds; an agent may have several. How they are written to is not known here.
final class Subscriptions<Stream: Sendable>: Sendable {
    private struct Held: Sendable {
        let tenant: TenantName
        /// The request that opened it, by whose id its messages are tagged.
        let id: RequestID
        let lists: ListKinds
        let resources: Set<String>
        let stream: Stream
    }

    private struct State {
        var lastSerial: UInt64 = 0
        var held: [SubscriptionPlace: Held] = [:]
        /// How many each presence has.
        var counts: [SessionID: Int] = [:]
    }

    /// Messages for one stream.
    typealias Post = (stream: Stream, messages: [[UInt8]])

    private let state = Mutex(State())

    /// Holds the stream; nil when the agent has `most` already.
    func add(_ stream: Stream, of presence: Session, as id: RequestID, to filter: SubscriptionFilter, most: Int) -> SubscriptionPlace? {
        let entry = Held(tenant: presence.tenant, id: id, lists: filter.lists, resources: Set(filter.resources), stream: stream)
        return state.withLock { state in
            let count = state.counts[presence.id] ?? 0
            guard count < most else { return nil }
            state.counts[presence.id] = count + 1
            state.lastSerial += 1
            let place = SubscriptionPlace(presence: presence.id, serial: state.lastSerial)
            state.held[place] = entry
            return place
        }
    }

    /// The stream has closed.
    func remove(_ place: SubscriptionPlace) {
        state.withLock { state in
            guard state.held.removeValue(forKey: place) != nil, let count = state.counts[place.presence] else { return }
            state.counts[place.presence] = count > 1 ? count - 1 : nil
        }
    }

    /// What those who asked for it are to be told when lists of the tenant have changed.
    func posts(changed kinds: ListKinds, of tenant: TenantName) -> [Post] {
        held { _, entry in entry.tenant == tenant && !entry.lists.isDisjoint(with: kinds) }.map { entry in
            (entry.stream, Outgoing.listChanged(kinds.intersection(entry.lists), to: entry.id))
        }
    }

    /// What those who subscribe to the resource are to be told when it has changed: all of the tenant, or one agent.
    func posts(updated uri: String, of tenant: TenantName, for presence: SessionID?) -> [Post] {
        held { place, entry in
            entry.tenant == tenant && (presence == nil || place.presence == presence) && entry.resources.contains(uri)
        }.map { ($0.stream, [Outgoing.resourceUpdated(uri, to: $0.id)]) }
    }

    /// The streams of one agent.
    func streams(of presence: SessionID) -> [Stream] { held { place, _ in place.presence == presence }.map(\.stream) }

    /// All streams.
    var streams: [Stream] { held { _, _ in true }.map(\.stream) }

    private func held(_ isMeant: (SubscriptionPlace, Held) -> Bool) -> [Held] {
        state.withLock { state in state.held.filter { isMeant($0.key, $0.value) }.map(\.value) }
    }
}

/// Where one subscription is held, as long as it is open.
struct SubscriptionPlace: Sendable, Hashable {
    let presence: SessionID
    fileprivate let serial: UInt64
}
