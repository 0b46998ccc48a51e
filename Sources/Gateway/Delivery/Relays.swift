import Governance
import Synchronization

/// The relays that this node takes part in: where what comes from a call's node goes, and how those stand whose call is here.
final class Relays: Sendable {
    /// What an agent's request hears of its call.
    enum Arrival: Sendable {
        case message(RelayMessage.Content)
        /// Nothing, for a while.
        case silence
    }

    private struct Kept {
        let content: RelayMessage.Content
        let until: ContinuousClock.Instant
    }

    private struct State {
        var inboxes: [CallID: AsyncStream<Arrival>.Continuation] = [:]
        /// What was said last in relays whose call is here, or that the call goes on.
        var standings: [CallID: Kept] = [:]
    }

    private let state = Mutex(State())
    /// Beyond these what comes is lost: progress for good, while what ends the round is asked for again.
    private let capacity = 1024
    /// How long the end of a round can be asked for.
    private let patience = Duration.seconds(30)
    /// How long a call may go on here without an end.
    private let longestCall = Duration.seconds(3600)

    /// What comes for the relay from now on.
    func open(_ relay: CallID) -> AsyncStream<Arrival> {
        let (stream, continuation) = AsyncStream.makeStream(of: Arrival.self, bufferingPolicy: .bufferingOldest(capacity))
        state.withLock { $0.inboxes[relay] = continuation }
        return stream
    }

    /// Nobody waits for the relay any more.
    func close(_ relay: CallID) { state.withLock { $0.inboxes.removeValue(forKey: relay) }?.finish() }

    /// Something has come for the relay.
    func deliver(_ arrival: Arrival, to relay: CallID) { state.withLock { $0.inboxes[relay] }?.yield(arrival) }

    /// The relay's call goes on here.
    func begin(_ relay: CallID) {
        state.withLock { state in
            state.standings = state.standings.filter { $0.value.until > .now }
            if state.standings[relay] == nil {
                state.standings[relay] = Kept(content: .alive, until: .now + longestCall)
            }
        }
    }

    /// The relay's round has ended with this.
    func end(_ relay: CallID, with content: RelayMessage.Content) {
        state.withLock { $0.standings[relay] = Kept(content: content, until: .now + patience) }
    }

    /// What to tell who asks how the relay stands.
    func standing(of relay: CallID) -> RelayMessage.Content { state.withLock { $0.standings[relay]?.content } ?? .unknown }
}
