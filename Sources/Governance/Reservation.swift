/// What reserve answered.
package enum Reservation: Sendable {
    /// The amount is held (nil where the charge is of nothing and has no record). `excess`: why it would have been refused, were every
    /// account strict. `due`: holds of the tenant whose lease has ended, at most 32.
    case granted(Hold?, excess: ReservationRefusal?, due: [CallID])
    /// The agent's key has been here before: nothing is held, counted or charged.
    case recalled(Recollection)
    case refused(ReservationRefusal, due: [CallID])
}

/// Why nothing was held.
package enum ReservationRefusal: Sendable, Hashable {
    case sessionGone
    case revoked
    /// The account does not exist and may not be made.
    case noAccount(AccountName)
    /// `available` is less than the amount; `held` tells how much may still come back.
    case insufficient(AccountName, available: Credits, held: Credits)
    /// This call id has already ended (a delayed duplicate).
    case ended(HoldState)
    /// The agent's key stands for another call.
    case conflict
    /// A rate limit is reached; another try is worthwhile in so many milliseconds.
    case rateLimited(retryAfter: Int64)
    /// The account has lost writes, and nobody has said yet that it may go on.
    case rolledBack(AccountName)
}

/// Where a hold stands. All but `open` are tombstones, kept for 10 minutes; `unknown` when nothing is remembered.
package enum HoldState: String, Sendable, Hashable, CaseIterable {
    case open, settled, released, lapsed, unknown
    /// Lapsed, then charged by a settle that came late.
    case lateSettled = "late_settled"
    /// Its record names another call by now: it was given back and charged nothing.
    case superseded
}

/// What settle and release answered.
package struct Receipt: Sendable, Hashable {
    /// The state after it: `.settled`, `.lateSettled`, or what it found and left alone.
    package let state: HoldState
    /// What was charged for this call, now or by the settle that this one repeats.
    package let charged: Credits
    /// What is available in the account the agent is told about; nil where there is none.
    package let remaining: Credits?
    /// The nodes on which retries wait for this call.
    package let waiters: [NodeID]

    package init(state: HoldState, charged: Credits, remaining: Credits?, waiters: [NodeID] = []) {
        self.waiters = waiters
        self.state = state
        self.charged = charged
        self.remaining = remaining
    }
}

/// Holds to lapse.
package struct DueHolds: Sendable, Hashable {
    package let calls: [CallID]
    /// True while any hold of the tenant is open, due or not.
    package let anyOpen: Bool

    package init(calls: [CallID], anyOpen: Bool) {
        self.calls = calls
        self.anyOpen = anyOpen
    }
}
