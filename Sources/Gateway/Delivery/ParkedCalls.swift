import Governance
import NIOCore
import Synchronization

/// The calls of this node that have asked their agent for input within its own requests: they wait, or go on, or are over. Kept in memory
/// alone: they are with the upstream's answers that this node reads.
final class ParkedCalls: Sendable {
    /// An agent's input for a round, and where what follows goes.
    struct Input: Sendable {
        let relay: CallID
        /// Where the agent asks.
        let node: NodeID
        let responses: [UInt8]
    }

    /// What the wait has brought.
    enum Outcome: Sendable {
        case input(Input)
        case nobody
        case draining
    }

    private struct Entry {
        var round: Int
        /// Nil before the call's task waits and after it was woken.
        var waiter: CheckedContinuation<Outcome, Never>?
        /// What came before its task waited.
        var outcome: Outcome?
        /// Who has taken the round.
        var relay: CallID?
        /// Gives the call up.
        var stop: @Sendable () -> Void
        var isOver = false
        /// Nobody asks for it afterwards.
        let until: ContinuousClock.Instant
    }

    private struct State {
        var entries: [CallID: Entry] = [:]
        var isDraining = false
        var nextSweep = ContinuousClock.now
    }

    private let state = Mutex(State())

    /// Lets the round be taken, until the time; `stop` gives the call up.
    func open(_ call: CallID, round: Int, until: ContinuousClock.Instant, stop: @escaping @Sendable () -> Void) {
        state.withLock { state in
            if state.nextSweep < .now {
                state.nextSweep = .now + .seconds(10)
                state.entries = state.entries.filter { $0.value.until > .now || !$0.value.isOver }
            }
            state.entries[call] = Entry(round: round, outcome: state.isDraining ? .draining : nil, stop: stop, until: until)
        }
    }

    /// Waits for the input of the round that was opened, at most until its time; a cancelled task waits for nobody.
    func input(of call: CallID, on eventLoop: any EventLoop, within limit: TimeAmount) async -> Outcome {
        let alarm = eventLoop.scheduleTask(in: limit) { self.wake(call, .nobody) }
        defer { alarm.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let known = state.withLock { state -> Outcome? in
                    guard let entry = state.entries[call] else { return .nobody }
                    if let outcome = entry.outcome { return outcome }
                    state.entries[call]?.waiter = waiter
                    return nil
                }
                if let known { waiter.resume(returning: known) }
            }
        } onCancel: {
            wake(call, .nobody)
        }
    }

    /// Gives the call its agent's input, once.
    func resume(_ call: CallID, round: Int, _ input: Input) -> Taking {
        let (taking, waiter) = state.withLock { state -> (Taking, CheckedContinuation<Outcome, Never>?) in
            guard let entry = state.entries[call], entry.round >= round else { return (.expired, nil) }
            if entry.relay == input.relay { return (.taken, nil) }
            guard entry.round == round, entry.relay == nil else { return (.used, nil) }
            guard entry.outcome == nil, !entry.isOver else { return (.expired, nil) }
            state.entries[call]?.relay = input.relay
            state.entries[call]?.outcome = .input(input)
            state.entries[call]?.waiter = nil
            return (.taken, entry.waiter)
        }
        waiter?.resume(returning: .input(input))
        return taking
    }

    /// The agent of that relay has gone: its call is given up.
    func abandon(_ relay: CallID) {
        state.withLock { state in state.entries.values.first { $0.relay == relay }?.stop }?()
    }

    /// The call is over: whoever comes still is told so, until its time.
    func end(_ call: CallID) {
        state.withLock { state in
            state.entries[call]?.isOver = true
            state.entries[call]?.stop = {}
        }
    }

    /// Whoever waits is let go.
    func drain() {
        let calls = state.withLock { state in
            state.isDraining = true
            return state.entries.filter { $0.value.relay == nil && !$0.value.isOver }.map(\.key)
        }
        for call in calls { wake(call, .draining) }
    }

    private func wake(_ call: CallID, _ outcome: Outcome) {
        let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard let entry = state.entries[call], entry.outcome == nil else { return nil }
            state.entries[call]?.outcome = outcome
            state.entries[call]?.waiter = nil
            return entry.waiter
        }
        waiter?.resume(returning: outcome)
    }
}
