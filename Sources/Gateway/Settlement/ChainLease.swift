import Governance

/// What a node has of one account chain to reserve from by itself, and when it takes and gives back. Times are milliseconds of a clock that
/// only rises.
///
/// What is free of a slice only falls: a call takes its price out, and what it did not cost goes back to the accounts at its end. Nothing is
/// reserved from a slice at or behind its `until`; its calls go on with it for as long as they run.
struct ChainLease: Sendable {
    enum Action: Sendable, Hashable {
        /// A slice is wanted under this id.
        case take(CallID, wanted: Int64, least: Int64)
        /// So much of the slice is not wanted any more.
        case giveBack(CallID, Int64)
        /// Nothing of the slice is left, and no call of it runs.
        case forget(CallID)
    }

    private struct Slice {
        let id: CallID
        /// Millionths of a credit that may be reserved still.
        var free: Int64
        let until: Int64
        /// Calls that were reserved from it and have not ended.
        var calls = 0
        /// Calls that may be reserved from it still.
        var rest = ChainLease.most
    }

    private struct Order {
        let id: CallID
        let wanted: Int64
        /// What comes of it is given back.
        var isRecalled = false
    }

    private var slices: [Slice] = []
    private var order: Order?
    /// No slice is asked for until then.
    private var pause: Int64 = .min
    /// Millionths spent within about the last `memory`.
    private var level = 0.0
    private var seen: Int64?

    /// The time by which what was spent counts for a third.
    static let memory: Int64 = 1_000
    /// Calls in that time from which on a slice pays, and that it must be good for.
    static let fewest: Int64 = 4
    /// Calls that are reserved from one slice: what became of each is remembered with it, and forgotten at once.
    static let most = 8_192
    /// After a slice was not to be had.
    static let patience: Int64 = 1_000
    /// What nobody takes from for so long is given back.
    static let idleness: Int64 = 1_000

    /// Nothing is left of it, and it has not been used lately.
    func isIdle(at now: Int64) -> Bool { slices.isEmpty && order == nil && now > pause && now - (seen ?? now) > 10 * Self.memory }

    /// A slice is being taken.
    var isAsking: Bool { order != nil }

    /// Millionths that may be reserved still.
    var free: Int64 { slices.reduce(0) { $0 + $1.free } }

    /// The slice out of which a call of this price is reserved; nil: by the strict way.
    mutating func reserve(_ price: Int64, at now: Int64) -> (slice: CallID?, actions: [Action]) {
        count(price, at: now)
        var actions = retire(at: now)
        var found: CallID?
        if let place = slices.firstIndex(where: { $0.free >= price && $0.until > now && $0.rest > 0 }) {
            slices[place].free -= price
            slices[place].rest -= 1
            slices[place].calls += 1
            found = slices[place].id
        }
        actions += refill(price, at: now)
        return (found, actions)
    }

    /// The order brought so much, of which nothing may be reserved from `until` on.
    mutating func granted(_ id: CallID, _ amount: Int64, until: Int64, at now: Int64) -> [Action] {
        guard let order, order.id == id else { return amount > 0 ? [.giveBack(id, amount)] : [] }
        self.order = nil
        if order.isRecalled || until <= now { return [.giveBack(id, amount), .forget(id)] }
        slices.append(Slice(id: id, free: amount, until: until))
        return []
    }

    /// The order brought nothing.
    mutating func refused(_ id: CallID, at now: Int64) -> [Action] {
        guard order?.id == id else { return [] }
        order = nil
        pause = now + Self.patience
        return [.forget(id)]
    }

    /// Nobody knows what became of the order: whatever it brought is given back.
    mutating func failed(_ id: CallID, at now: Int64) -> [Action] {
        guard let order, order.id == id else { return [] }
        return [.giveBack(id, order.wanted)] + refused(id, at: now)
    }

    /// A call of the slice has ended.
    mutating func ended(_ id: CallID) -> [Action] {
        guard let place = slices.firstIndex(where: { $0.id == id }) else { return [] }
        slices[place].calls -= 1
        return forget()
    }

    /// Nothing more is reserved from what there is now.
    mutating func recall() -> [Action] {
        order?.isRecalled = true
        return giveBack { _ in true }
    }

    /// Credit lacks elsewhere: nothing more is reserved from what there is now, and no other slice is asked for at once.
    mutating func lacks(at now: Int64) -> [Action] {
        pause = max(pause, now + Self.patience)
        return recall()
    }

    /// Some time has passed.
    mutating func passed(at now: Int64) -> [Action] { now - (seen ?? now) > Self.idleness ? recall() : retire(at: now) }

    private mutating func retire(at now: Int64) -> [Action] { giveBack { $0.until <= now || $0.rest <= 0 } }

    private mutating func giveBack(where isOver: (Slice) -> Bool) -> [Action] {
        var actions: [Action] = []
        for place in slices.indices where slices[place].free > 0 && isOver(slices[place]) {
            actions.append(.giveBack(slices[place].id, slices[place].free))
            slices[place].free = 0
        }
        return actions + forget()
    }

    private mutating func forget() -> [Action] {
        let over = slices.filter { $0.free == 0 && $0.calls <= 0 }
        if !over.isEmpty { slices.removeAll { $0.free == 0 && $0.calls <= 0 } }
        return over.map { .forget($0.id) }
    }

    private mutating func refill(_ price: Int64, at now: Int64) -> [Action] {
        let least = price.multipliedReportingOverflow(by: Self.fewest)
        let wanted = Int64(min(level, Double(Credits.bound - 1)))
        guard order == nil, now >= pause, !least.overflow, wanted >= least.partialValue, free < wanted / 2 else { return [] }
        let id = CallID()
        order = Order(id: id, wanted: wanted)
        return [.take(id, wanted: wanted, least: least.partialValue)]
    }

    private mutating func count(_ price: Int64, at now: Int64) {
        let age = seen.map { Double(max(0, now - $0)) / Double(Self.memory) } ?? 0
        level = level * Self.decay(age) + Double(price)
        seen = max(seen ?? now, now)
    }

    /// A smooth fall from 1 that needs no exponential: (1 + age/4)^-4 is 0.41 at 1, and 0.06 at 4.
    private static func decay(_ age: Double) -> Double {
        let base = 1 + age / 4
        return 1 / (base * base * base * base)
    }
}
