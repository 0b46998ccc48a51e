import Governance

/// An account's books as plain values.
struct ModelAccount {
    private(set) var limit: Int64
    var held: Int64 = 0
    var spent: Int64 = 0
    var delegated: Int64 = 0
    /// The part of `delegated` that leaves it with the next window.
    var drained: Int64 = 0
    var epoch: String
    /// Epochs that an operator's resume replaced.
    var previous: Set<String> = []
    var version: Int64 = 1
    var expires: Int64?
    /// Unix milliseconds; 0 before a window began.
    var windowEnd: Int64 = 0
    var isRolledBack = false

    init(limit: Int64, epoch: String, expires: Int64?) {
        self.limit = limit
        self.epoch = epoch
        self.expires = expires
    }

    private var used: Int64 { held + spent + delegated }
    var available: Int64 { max(0, limit - used) }
    var availableCredits: Credits { Credits(micros: available) ?? .zero }

    var balance: Balance? {
        guard let limit = Credits(micros: limit), let held = Credits(micros: held), let spent = Credits(micros: spent),
            let delegated = Credits(micros: delegated), let drained = Credits(micros: drained),
            let over = Credits(micros: max(0, used - self.limit))
        else { return nil }
        return Balance(
            limit: limit, held: held, spent: spent, delegated: delegated, over: over, epoch: epoch, version: version,
            windowEnd: windowEnd == 0 ? nil : windowEnd, drained: drained, isRolledBack: isRolledBack)
    }

    /// Begins its first window, or the next one where the current one has ended; neither where both ends are over.
    mutating func roll(_ ends: WindowEnds?, at now: Int64) {
        guard let ends, let stop = [ends.first, ends.second].first(where: { $0 > now }) else { return }
        if windowEnd != 0 {
            guard windowEnd <= now else { return }
            spent = 0
            delegated -= drained
            drained = 0
            version += 1
        }
        windowEnd = stop
    }

    mutating func set(limit: Int64) {
        guard limit != self.limit else { return }
        self.limit = limit
        version += 1
    }

    mutating func book(held: Int64, spent: Int64) {
        self.held += held
        self.spent += spent
        version += 1
    }

    /// These are the books in which a hold was booked under `epoch`.
    func isIncarnation(_ epoch: String?) -> Bool {
        guard let epoch else { return false }
        return epoch == self.epoch || previous.contains(epoch)
    }
}
