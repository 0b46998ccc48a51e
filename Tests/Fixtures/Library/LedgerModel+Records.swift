import Governance

extension LedgerModel {
    /// What is known of a call under its agent's key.
    struct Record {
        enum State { case running, free, done }
        let print: String
        let call: CallID
        let node: NodeID
        var state = State.running
        /// The end of the lease, unix milliseconds.
        var until: Int64
        /// When it is forgotten, unix milliseconds.
        var expires: Int64
        var charged = Credits.zero
        var report: [UInt8]?
        var asked: [UInt8]?
        var waiters: [NodeID] = []
    }

    /// What stands in the way of another call under this key, which may take over `supplants`; nil: nothing does.
    mutating func recall(_ asked: CallRecord, supplanting supplants: CallID? = nil, waiter: NodeID, at now: Int64) -> Recollection? {
        guard var record = records[asked.name] else { return nil }
        if record.print != asked.fingerprint { return .conflict }
        switch record.state {
        case .free: return nil
        case .done: return .done(charged: record.charged, report: record.report)
        case .running where record.call == supplants || now > record.until: return nil
        case .running:
            if let asked = record.asked { return .asking(asked) }
            if !record.waiters.contains(waiter) { record.waiters.append(waiter) }
            records[asked.name] = record
            return .running(call: record.call, node: record.node)
        }
    }

    /// Lets the record stand for the charge's call; who waited for another, now waits for this one.
    mutating func begin(_ charge: Charge, at now: Int64) {
        guard let record = charge.record else { return }
        records[record.name] = Record(
            print: record.fingerprint, call: charge.call, node: charge.context.node, until: now + charge.lease,
            expires: now + charge.lease + limits.remembered, waiters: records[record.name]?.waiters ?? [])
    }

    /// Lets the record stand `lease` from now, if it still stands for the call.
    mutating func prolong(_ name: RecordName?, of call: CallID, by lease: Int64, at now: Int64) {
        guard let name, records[name]?.call == call else { return }
        records[name]?.until = now + lease
        records[name]?.expires = now + lease + limits.remembered
    }

    /// Ends the record, if it still stands for the call; who waited for it is known until it is forgotten.
    mutating func end(
        _ name: RecordName?, of call: CallID, as state: Record.State, charged: Credits = .zero, report: [UInt8]? = nil, at now: Int64
    ) {
        guard let name, var record = records[name], record.call == call else { return }
        record.state = state
        record.charged = charged
        record.report = report.flatMap { hasRoom(for: $0.count) ? $0 : nil }
        record.asked = nil
        record.expires = now + limits.remembered
        records[name] = record
    }

    /// Who is to be told of what came of the charge.
    func waiters(for charge: Charge) -> [NodeID] { charge.record.flatMap { records[$0.name] }?.waiters ?? [] }

    private func hasRoom(for size: Int) -> Bool {
        size <= limits.report && records.values.reduce(size) { $0 + ($1.report?.count ?? 0) } <= limits.reports
    }

    mutating func note(_ asked: [UInt8]?, of call: CallID, in name: RecordName) -> Bool {
        guard let record = records[name], record.call == call, record.state == .running else { return false }
        records[name]?.asked = asked
        return true
    }
}
