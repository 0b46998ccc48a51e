package import Governance
import Synchronization
import Upstreams

/// Who waits at this node for the calls of records to end.
final class RecordBells: Sendable {
    private struct Entry {
        let bell = Bell()
        var waiters = 0
    }

    private let entries = Mutex<[RecordName: Entry]>([:])

    /// The bell that rings when the record's call has ended; for each time it is asked for, `leave` is to be called.
    func join(_ record: RecordName) -> Bell {
        entries.withLock { entries in
            entries[record, default: Entry()].waiters += 1
            return entries[record, default: Entry()].bell
        }
    }

    /// One less waits for the record's call.
    func leave(_ record: RecordName) {
        entries.withLock { entries in
            entries[record]?.waiters -= 1
            if entries[record]?.waiters == 0 { entries[record] = nil }
        }
    }

    /// The record's call has ended.
    func ring(_ record: RecordName) { entries.withLock { $0[record]?.bell }?.ring() }

    /// For how many records somebody waits.
    var count: Int { entries.withLock { $0.count } }
}

extension Gateway {
    /// Tells the nodes on which retries wait that the record's call has ended; who is not told asks by itself.
    func ring(_ record: RecordName, at waiters: [NodeID]) {
        for waiter in waiters where waiter == node { bells.ring(record) }
        let others = waiters.filter { $0 != node }
        guard !others.isEmpty else { return }
        start { [bus] in for other in others { try? await bus.ring(record, at: other) } }
    }

    package func recorded(_ record: RecordName) { bells.ring(record) }
}
