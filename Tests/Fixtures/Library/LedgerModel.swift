import Governance

/// One tenant's books as plain values.
struct LedgerModel {
    struct HoldRecord {
        var state: HoldState
        /// When the lease ends or, once it has ended, when it is forgotten.
        var end: Int64
        var bookings: [Booking] = []
        var amount: Int64 = 0
        /// What it cost, and what was left then.
        var receipt: (charged: Credits, remaining: Credits?)?
        /// The call waits for its agent: its lease was extended as far as it is to be.
        var isParked = false
    }

    /// An account of a hold, and the epoch of the books that it was booked in; nil where there were none.
    struct Booking {
        let name: AccountName
        let epoch: String?
    }

    enum Verdict {
        case granted(excess: ReservationRefusal?)
        case recalled(Recollection)
        case refused(ReservationRefusal)
    }

    private static let day: Int64 = 86_400_000

    let limits: LedgerLimits
    var isOpen = false
    var accounts: [AccountName: ModelAccount] = [:]
    var holds: [CallID: HoldRecord] = [:]
    var revoked: Set<TokenID> = []
    var waiting: [CallID: Waiting] = [:]
    var records: [RecordName: Record] = [:]
    /// When the next call of each subject would be due if all came at their interval, unix microseconds.
    private var arrivals: [String: Int64] = [:]
    /// When to look for what can be forgotten: not at each operation.
    private var nextSweep: Int64 = 0

    init(limits: LedgerLimits) { self.limits = limits }

    /// Drops tombstones, accounts and records whose time has come.
    mutating func forget(at now: Int64) {
        // Whether a record is known decides what its call costs, so its time is exact.
        records = records.filter { $0.value.expires > now }
        guard now >= nextSweep else { return }
        nextSweep = now + 1_000
        holds = holds.filter { $0.value.state == .open || $0.value.end > now }
        accounts = accounts.filter { ($0.value.expires ?? .max) > now }
    }

    func due(at now: Int64, limit: Int) -> [CallID] {
        holds.filter { $0.value.state == .open && $0.value.end < now }
            .sorted { ($0.value.end, $0.key.text) < ($1.value.end, $1.key.text) }
            .prefix(limit).map(\.key)
    }

    /// Judges what comes behind session and revocation; holds the amount in all accounts, or in none.
    mutating func reserve(_ charge: Charge, at now: Int64) -> Verdict {
        if let record = charge.record,
            let answer = recall(record, supplanting: record.supplants, waiter: charge.context.node, at: now)
        {
            return answer == .conflict ? .refused(.conflict) : .recalled(answer)
        }
        var counted: [String: Int64] = [:]
        for rate in charge.rates {
            switch count(rate, at: now) {
            case .success(let next): counted[rate.subject] = next
            case .failure(let wait): return .refused(.rateLimited(retryAfter: wait.milliseconds))
            }
        }
        var booked: [AccountName: ModelAccount] = [:]
        var excess: ReservationRefusal?
        for charged in charge.charged {
            let (account, refusal) = judge(charged, charge, at: now)
            if let refusal {
                guard charged.isLenient else { return .refused(refusal) }
                excess = excess ?? refusal
            }
            booked[charged.name] = account
        }
        arrivals.merge(counted) { $1 }
        accounts.merge(booked) { $1 }
        guard charge.isHeld else { return .granted(excess: excess) }
        holds[charge.call] = HoldRecord(
            state: .open, end: now + charge.lease, bookings: charge.charged.map { Booking(name: $0.name, epoch: booked[$0.name]?.epoch) },
            amount: charge.amount.micros)
        begin(charge, at: now)
        return .granted(excess: excess)
    }

    /// The account with the amount held in it, nil where it is missing, and what a strict one refuses the call for.
    private func judge(_ charged: ChargedAccount, _ charge: Charge, at now: Int64) -> (ModelAccount?, ReservationRefusal?) {
        let expires = charged.expires.map { max($0, now + Self.day) }
        guard var account = accounts[charged.name] ?? opened(charged, expires, charge.call) else { return (nil, .noAccount(charged.name)) }
        if let known = account.expires { account.expires = expires.map { max($0, known) } }
        account.roll(charged.window, at: now)
        var refusal: ReservationRefusal?
        if account.isRolledBack {
            refusal = .rolledBack(charged.name)
        } else if account.available < charge.amount.micros {
            let held = Credits(micros: account.held) ?? .zero
            refusal = .insufficient(charged.name, available: account.availableCredits, held: held)
        }
        account.book(held: charge.amount.micros, spent: 0)
        return (account, refusal)
    }

    private func opened(_ charged: ChargedAccount, _ expires: Int64?, _ call: CallID) -> ModelAccount? {
        guard isOpen, let limit = charged.opening?.micros else { return nil }
        return ModelAccount(limit: limit, epoch: call.text, expires: expires)
    }

    private struct Wait: Error { let milliseconds: Int64 }

    /// When the call behind this one would be due; or how long to wait.
    private func count(_ rate: RateLimit, at now: Int64) -> Result<Int64, Wait> {
        let micros = now * 1_000
        let next = max(micros, arrivals[rate.subject] ?? micros) + rate.interval
        let early = next - micros - rate.burst * rate.interval
        return early > 0 ? .failure(Wait(milliseconds: (early + 999) / 1_000)) : .success(next)
    }
}

/// How much of reports the books keep, in bytes, and for how long of what has ended, in milliseconds.
package struct LedgerLimits: Sendable {
    package var remembered: Int64 = 600_000
    package var report = 262_144
    package var reports = 67_108_864

    package init() {}
}

extension Charge {
    /// The accounts in which it is booked: a price of nothing has none.
    var charged: [ChargedAccount] { amount == .zero ? [] : accounts }
    /// It has something to hold, or to be known by.
    var isHeld: Bool { !charged.isEmpty || record != nil }
}
