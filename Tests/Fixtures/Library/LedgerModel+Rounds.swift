import Governance

extension LedgerModel {
    /// A call that waits for its agent, or has waited.
    struct Waiting {
        var round: Int
        var taker: CallID?
        var end: Int64
    }

    mutating func park(_ round: Round, life: Int64, at now: Int64) -> Parking {
        // Its time is exact, others' is only looked at now and then.
        if let known = waiting[round.call], known.end > now, known.round >= round.number { return .parked }
        if round.isHeld {
            guard holds[round.call]?.state == .open else { return .ended }
            holds[round.call]?.end = now + life
            holds[round.call]?.isParked = true
            prolong(round.record, of: round.call, by: life, at: now)
        }
        waiting[round.call] = Waiting(round: round.number, end: now + life)
        return .parked
    }

    mutating func take(_ round: Round, by taker: CallID, of lineage: [TokenID], lease: Int64, at now: Int64) -> Taking {
        if !revoked.isDisjoint(with: lineage) { return .revoked }
        guard let known = waiting[round.call], known.end > now, known.round >= round.number else { return .expired }
        if known.round > round.number || known.taker.map({ $0 != taker }) ?? false { return .used }
        if round.isHeld, holds[round.call]?.state != .open { return .expired }
        if known.taker != nil { return .taken }
        if round.isHeld {
            holds[round.call]?.end = now + lease
            holds[round.call]?.isParked = false
            prolong(round.record, of: round.call, by: lease, at: now)
            if let name = round.record { _ = note(nil, of: round.call, in: name) }
        }
        waiting[round.call]?.taker = taker
        return .taken
    }
}
