import NIOCore

/// The circuit breaker of one upstream on one node: a pure state machine.
///
/// Closed it lets every call through; after failures in a row it is open and refuses them at once; when its pause is over one call is let
/// through to probe the upstream, whose end decides.
struct Breaker {
    private enum State {
        case closed(failures: Int)
        case open(until: NIODeadline, reason: String)
        /// One call is out as a probe.
        case probing(reason: String)
    }

    /// What a call may do.
    enum Admission: Sendable, Hashable {
        case pass
        /// It may, and its end decides whether the circuit closes.
        case probe
        case refuse(reason: String)
    }

    /// Failures in a row that open the circuit.
    static let threshold = 5

    private var state = State.closed(failures: 0)
    private var pauses: Backoff

    /// Pauses grow from `floor` to `ceiling`.
    init(from floor: TimeAmount, to ceiling: TimeAmount) { pauses = Backoff(from: floor, to: ceiling) }

    /// Judges a call that wants to begin.
    mutating func admit(now: NIODeadline) -> Admission {
        switch state {
        case .closed: return .pass
        case .probing(let reason): return .refuse(reason: reason)
        case .open(let until, let reason):
            guard now >= until else { return .refuse(reason: reason) }
            state = .probing(reason: reason)
            return .probe
        }
    }

    /// A call has been answered, or the upstream is known to be up.
    mutating func succeeded() {
        state = .closed(failures: 0)
        pauses.reset()
    }

    /// A call has failed in a way that tells of the upstream.
    mutating func failed(_ reason: String, now: NIODeadline) {
        switch state {
        case .closed(let failures) where failures + 1 < Self.threshold: state = .closed(failures: failures + 1)
        case .closed, .probing: open(reason, now: now)
        case .open: break
        }
    }

    /// The upstream is known to be down: calls are refused until a probe says otherwise.
    mutating func reportedDown(_ reason: String, now: NIODeadline) {
        if case .closed = state { open(reason, now: now) }
    }

    /// The probe ended without telling anything; the next call takes its place.
    mutating func probeVoided(now: NIODeadline) {
        if case .probing(let reason) = state { state = .open(until: now, reason: reason) }
    }

    private mutating func open(_ reason: String, now: NIODeadline) { state = .open(until: now + pauses.next(), reason: reason) }
}
