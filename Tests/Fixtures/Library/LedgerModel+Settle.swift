import Governance

extension LedgerModel {
    mutating func settle(_ charge: Charge, cost: Credits, report: [UInt8]?, at now: Int64) -> Receipt {
        if let hold = holds[charge.call], hold.state == .open || hold.state == .lapsed {
            if let record = charge.record, records[record.name]?.call != charge.call {
                if hold.state == .open { giveBack(hold) }
                bury(charge, as: .superseded, at: now)
            } else {
                settle(hold, of: charge, cost: cost, report: report, at: now)
            }
        }
        let hold = holds[charge.call]
        let (charged, remaining) = hold?.receipt ?? (.zero, remaining(charge))
        return Receipt(state: hold?.state ?? .unknown, charged: charged, remaining: remaining, waiters: waiters(for: charge))
    }

    private mutating func settle(_ hold: HoldRecord, of charge: Charge, cost: Credits, report: [UInt8]?, at now: Int64) {
        for charged in charge.charged { roll(charged, of: hold, at: now) }
        var charged = min(cost.micros, hold.amount)
        if hold.state == .open {
            book(hold.bookings, held: -hold.amount, spent: charged)
        } else {
            charged = min(charged, hold.bookings.compactMap { booked($0)?.available }.min() ?? 0)
            if charged > 0 { book(hold.bookings, held: 0, spent: charged) }
        }
        let sum = Credits(micros: charged) ?? .zero
        end(charge.record?.name, of: charge.call, as: .done, charged: sum, report: report, at: now)
        bury(charge, as: hold.state == .open ? .settled : .lateSettled, charged: sum, at: now)
    }

    mutating func release(_ charge: Charge, at now: Int64) -> Receipt {
        let found = holds[charge.call]
        if let found, found.state == .open { giveBack(found) }
        if found == nil || found?.state == .open {
            holds[charge.call] = HoldRecord(state: .released, end: now + limits.remembered)
            end(charge.record?.name, of: charge.call, as: .free, at: now)
        }
        return Receipt(
            state: holds[charge.call]?.state ?? .unknown, charged: .zero, remaining: nil, waiters: waiters(for: charge))
    }

    mutating func lapse(_ call: CallID, at now: Int64) -> HoldState {
        guard var found = holds[call] else { return .unknown }
        guard found.state == .open, found.end < now else { return found.state }
        giveBack(found)
        found.state = .lapsed
        found.end = now + limits.remembered
        holds[call] = found
        return .lapsed
    }

    private mutating func bury(_ charge: Charge, as state: HoldState, charged: Credits = .zero, at now: Int64) {
        holds[charge.call] = HoldRecord(state: state, end: now + limits.remembered, receipt: (charged, remaining(charge)))
    }

    /// Gives a hold back to those of its books that still exist.
    private mutating func giveBack(_ hold: HoldRecord) { book(hold.bookings, held: -hold.amount, spent: 0) }

    private mutating func book(_ bookings: [Booking], held: Int64, spent: Int64) {
        for booking in bookings where booked(booking) != nil { accounts[booking.name]?.book(held: held, spent: spent) }
    }

    private mutating func roll(_ charged: ChargedAccount, of hold: HoldRecord, at now: Int64) {
        guard hold.bookings.contains(where: { $0.name == charged.name && booked($0) != nil }) else { return }
        accounts[charged.name]?.roll(charged.window, at: now)
    }

    /// The books that the hold was booked in, if they still exist.
    private func booked(_ booking: Booking) -> ModelAccount? {
        accounts[booking.name].flatMap { $0.isIncarnation(booking.epoch) ? $0 : nil }
    }

    private func remaining(_ charge: Charge) -> Credits? { charge.charged.last.flatMap { accounts[$0.name] }?.availableCredits }
}
