import Governance

/// One tenant's books as plain values.
struct LedgerModel {
    struct Account {
        let limit: Int64
        var held: Int64 = 0
        var spent: Int64 = 0
        let epoch: String
        var version: Int64 = 1
        var expires: Int64?

        var available: Int64 { max(0, limit - held - spent) }

        var balance: Balance? {
            guard let limit = Credits(micros: limit), let held = Credits(micros: held), let spent = Credits(micros: spent),
                let over = Credits(micros: max(0, self.held + self.spent - self.limit))
            else { return nil }
            return Balance(limit: limit, held: held, spent: spent, delegated: .zero, over: over, epoch: epoch, version: version)
        }
    }

    struct HoldRecord {
        var state: HoldState
        /// When the lease ends or, once it has ended, when it is forgotten.
        var end: Int64
        var accounts: [AccountName] = []
        var amount: Int64 = 0
        var receipt: Receipt?
        /// The call waits for its agent: its lease was extended as far as it is to be.
        var isParked = false
    }

    /// A call that waits for its agent, or has waited.
    struct Waiting {
        var round: Int
        var taker: CallID?
        var end: Int64
    }

    private static let day: Int64 = 86_400_000

    var isOpen = false
    var accounts: [AccountName: Account] = [:]
    var holds: [CallID: HoldRecord] = [:]
    var revoked: Set<TokenID> = []
    var waiting: [CallID: Waiting] = [:]
    /// When to look for what can be forgotten: not at each operation.
    private var nextSweep: Int64 = 0

    /// Drops tombstones and accounts whose time has come.
    mutating func forget(at now: Int64) {
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

    /// Holds the amount in all accounts, or tells why in none.
    mutating func reserve(_ charge: Charge, at now: Int64) -> ReservationRefusal? {
        var booked: [AccountName: Account] = [:]
        for charged in charge.accounts {
            let expires = charged.expires.map { max($0, now + Self.day) }
            guard var account = accounts[charged.name] ?? opened(charged, expires, charge.call) else { return .noAccount(charged.name) }
            if let known = account.expires { account.expires = expires.map { max($0, known) } }
            guard account.available >= charge.amount.micros else { return insufficient(charged.name, account) }
            account.held += charge.amount.micros
            account.version += 1
            booked[charged.name] = account
        }
        accounts.merge(booked) { $1 }
        holds[charge.call] = HoldRecord(
            state: .open, end: now + charge.lease, accounts: charge.accounts.map(\.name), amount: charge.amount.micros)
        return nil
    }

    private func opened(_ charged: ChargedAccount, _ expires: Int64?, _ call: CallID) -> Account? {
        guard isOpen, let limit = charged.opening?.micros else { return nil }
        return Account(limit: limit, epoch: call.text, expires: expires)
    }

    private func insufficient(_ name: AccountName, _ account: Account) -> ReservationRefusal {
        .insufficient(name, available: Credits(micros: account.available) ?? .zero, held: Credits(micros: account.held) ?? .zero)
    }

    /// Gives a hold back to those of its accounts that still exist.
    mutating func giveBack(_ hold: HoldRecord) { book(hold.accounts, held: -hold.amount, spent: 0) }

    mutating func settle(_ charge: Charge, cost: Credits, forgetAt: Int64) -> Receipt {
        let told = charge.accounts.last?.name
        guard let hold = holds[charge.call], hold.state != .released else {
            let state = holds[charge.call]?.state ?? .unknown
            return Receipt(state: state, charged: .zero, remaining: remaining(told))
        }
        if let receipt = hold.receipt { return receipt }
        var charged = min(cost.micros, hold.amount)
        if hold.state == .open {
            book(hold.accounts, held: -hold.amount, spent: charged)
        } else {
            let existing = hold.accounts.compactMap { accounts[$0]?.available }
            charged = min(charged, existing.min() ?? 0)
            if charged > 0 { book(hold.accounts, held: 0, spent: charged) }
        }
        let receipt = Receipt(
            state: hold.state == .open ? .settled : .lateSettled, charged: Credits(micros: charged) ?? .zero, remaining: remaining(told))
        holds[charge.call] = HoldRecord(state: receipt.state, end: forgetAt, receipt: receipt)
        return receipt
    }

    mutating func park(_ round: Round, life: Int64, at now: Int64) -> Parking {
        // Its time is exact, others' is only looked at now and then.
        if let known = waiting[round.call], known.end > now, known.round >= round.number { return .parked }
        if round.isHeld {
            guard holds[round.call]?.state == .open else { return .ended }
            holds[round.call]?.end = now + life
            holds[round.call]?.isParked = true
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
        }
        waiting[round.call]?.taker = taker
        return .taken
    }

    private mutating func book(_ names: [AccountName], held: Int64, spent: Int64) {
        for name in names {
            accounts[name]?.held += held
            accounts[name]?.spent += spent
            if accounts[name] != nil { accounts[name]?.version += 1 }
        }
    }

    private func remaining(_ name: AccountName?) -> Credits? {
        name.flatMap { accounts[$0] }.flatMap { Credits(micros: $0.available) }
    }
}
