import Fixtures
import Governance

/// One tenant's random walk, done by both ledgers.
struct LedgerWalk {
    private var random: SplitMix64
    private let model: LedgerWorld
    private let redis: LedgerWorld
    private(set) var steps = 0
    private(set) var outcomes: Set<String> = []
    /// The latest charges, which most operations pick from.
    private var charges: [Charge] = []
    private var receipts: [CallID: (charge: Charge, charged: Credits)] = [:]
    private var accounts: [ChargedAccount] = []
    private var seen: Set<AccountName> = []
    private var tokens: [TokenID] = []
    private let sessions = (0..<3).map { _ in SessionID() }
    private let takers = (0..<2).map { _ in CallID() }

    init(seed: UInt64, model: LedgerWorld, redis: LedgerWorld) {
        random = SplitMix64(state: seed)
        self.model = model
        self.redis = redis
    }

    mutating func run(_ count: Int) async throws {
        renewNames()
        while steps < count {
            if steps == 20 { try await both { try await $0.ledger.openBooks(of: $0.tenant) } }
            try await step()
            steps += 1
            if steps.isMultiple(of: 100) { try await compareBooks(accounts.map(\.name)) }
        }
        try await compareBooks(seen)
        try await compareSpending()
    }

    private mutating func step() async throws {
        // Half of the time one whose lease was over at once, or few would ever lapse and be settled late.
        let brief = Bool.random(using: &random) ? charges.filter { $0.lease == 0 } : []
        let charge = brief.randomElement(using: &random) ?? charges.randomElement(using: &random)
        switch (Int.random(in: 0..<100, using: &random), charge) {
        case (60..<80, let charge?): try await settle(charge)
        case (80..<82, let charge?): try await release(charge)
        case (82..<85, let charge?): try await lapse(charge)
        case (89..<91, let charge?): try await lapse(charge)
        case (91..<94, _?): try await extend()
        case (35..<40, let charge?): try await reserve(charge)
        case (40..<52, _): try await reserve(newCharge())
        case (52..<55, _):
            let limit = Int.random(in: 0...40, using: &random)
            try await both { try await $0.ledger.due(of: $0.tenant, limit: limit) }
        case (55..<60, _): try await compareBook(accounts.randomElement(using: &random)?.name ?? .tenant)
        case (94..<96, _): try await changeSession()
        case (85..<87, let charge?): try await park(charge)
        case (87..<89, let charge?): try await take(charge)
        case (96, _): try await both { try await $0.ledger.openBooks(of: $0.tenant) }
        case (97, _): renewNames()
        case (98, _): try await revoke()
        case (99, _): try await release(newCharge())
        default: try await reserve(newCharge())
        }
    }

    private mutating func reserve(_ charge: Charge) async throws {
        let answer = try await both { Answer(try await $0.ledger.reserve(charge)) }
        // Operations on what was never held are tried too, but not most of the time.
        if answer.outcome == "granted" || Int.random(in: 0..<8, using: &random) == 0 { charges.append(charge) }
        if charges.count > 24 { charges.removeFirst() }
        outcomes.insert(answer.outcome)
        if charge.lease == 0 { try await outliveNow() }
    }

    private mutating func settle(_ charge: Charge) async throws {
        guard !charge.accounts.isEmpty else { return }
        let cost = Credits.micros(Int64.random(in: 0...charge.amount.micros * 5 / 4, using: &random))
        let receipt = try await both { try await $0.ledger.settle(Hold(charge: charge), cost: cost, outcome: .ok) }
        outcomes.insert("settle \(receipt.state)")
        if receipt.charged != .zero { receipts[charge.call] = (charge, receipt.charged) }
    }

    private mutating func release(_ charge: Charge) async throws {
        let receipt = try await both { try await $0.ledger.release(Hold(charge: charge), outcome: .unsent) }
        outcomes.insert("release \(receipt.state)")
    }

    private mutating func lapse(_ charge: Charge) async throws {
        outcomes.insert("lapse \(try await both { try await $0.ledger.lapse(charge.call, of: $0.tenant) })")
    }

    private mutating func park(_ charge: Charge) async throws {
        let round = model.round(Int.random(in: 1...3, using: &random), of: charge)
        outcomes.insert("park \(try await both { try await $0.ledger.park(round, life: 3_600_000) })")
    }

    private mutating func take(_ charge: Charge) async throws {
        let round = model.round(Int.random(in: 1...3, using: &random), of: charge)
        let lineage = Bool.random(using: &random) ? charge.lineage : []
        for taker in takers.shuffled(using: &random) {
            outcomes.insert("take \(try await both { try await $0.ledger.take(round, by: taker, of: lineage, lease: 3_600_000) })")
        }
    }

    private mutating func extend() async throws {
        let calls = Array(Set(charges.shuffled(using: &random).prefix(3).map(\.call)))
        let lease: Int64 = Bool.random(using: &random) ? 0 : 3_600_000
        let states = try await both { try await $0.ledger.extend(calls, of: $0.tenant, lease: lease) }
        for state in states.values { outcomes.insert("extend \(state)") }
        if lease == 0 { try await outliveNow() }
    }

    private mutating func changeSession() async throws {
        let id = sessions[Int.random(in: 0..<3, using: &random)]
        if Int.random(in: 0..<6, using: &random) == 0 {
            try await both { try await $0.sessions.close(id, of: $0.tenant) }
        } else {
            let session = Session(id: id, tenant: model.tenant, principal: tokens[0], transport: .streamable)
            try await both { try await $0.sessions.open(session) }
        }
    }

    private mutating func revoke() async throws {
        guard Int.random(in: 0..<8, using: &random) == 0, let token = tokens.randomElement(using: &random) else { return }
        try await both { try await $0.revoke(token) }
    }
}

extension LedgerWalk {
    /// Does it on both and demands the same answer.
    @discardableResult
    private func both<Answer: Equatable>(_ body: (LedgerWorld) async throws -> Answer) async throws -> Answer {
        let expected = try await body(model)
        let found = try await body(redis)
        guard expected == found else { throw FixtureError("the model answers \(expected), Redis \(found)") }
        return found
    }

    private func both(_ body: (LedgerWorld) async throws -> Void) async throws {
        try await body(model)
        try await body(redis)
    }

    private func outliveNow() async throws { try await both { try await $0.outliveNow() } }

    /// New accounts and tokens, for the old ones run dry and get revoked.
    private mutating func renewNames() {
        let opening = { (random: inout SplitMix64) in Credits.micros(Int64.random(in: 0...90_000_000, using: &random)) }
        accounts = [ChargedAccount(name: .tenant, opening: .micros(500_000_000))]
        tokens = (0..<4).map { _ in token() }
        for token in tokens { accounts.append(ChargedAccount(name: .cap(token), opening: opening(&random), expires: 9_000_000_000_000)) }
        for _ in 0..<3 {
            guard let name = BudgetName("b\(UInt32.random(in: 0 ... .max, using: &random))") else { continue }
            accounts.append(
                ChargedAccount(name: .budget(name), opening: Int.random(in: 0..<6, using: &random) > 0 ? opening(&random) : nil))
        }
        seen.formUnion(accounts.map(\.name))
    }

    private mutating func token() -> TokenID {
        let digits = (0..<64).map { _ in Array("0123456789abcdef")[Int.random(in: 0..<16, using: &random)] }
        return TokenID(String(digits)) ?? .sample("0")
    }

    private mutating func newCharge() async throws -> Charge {
        let chosen = accounts.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
        let session = Int.random(in: 0..<3, using: &random) == 0 ? sessions.randomElement(using: &random) : nil
        let lineage = Array(tokens.prefix(Int.random(in: 1...4, using: &random)))
        let lease: Int64 = Int.random(in: 0..<5, using: &random) == 0 ? 0 : 3_600_000
        let amount = try await amount(for: chosen)
        return try model.charge(amount, chosen, session: session, lineage: lineage, lease: lease)
    }

    /// Most are small, some nothing, and some exactly what is left in an account, or one more.
    private mutating func amount(for accounts: [ChargedAccount]) async throws -> Int64 {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: return 0
        case 1...2:
            guard let account = accounts.randomElement(using: &random) else { return 1 }
            let left = try await model.ledger.balance(of: account.name, tenant: model.tenant)?.available ?? account.opening ?? .zero
            return left.micros + Int64.random(in: 0...1, using: &random)
        default: return Int64.random(in: 1...9_000_000, using: &random)
        }
    }

    private func compareBook(_ name: AccountName) async throws {
        let books = try await both { try await $0.ledger.balance(of: name, tenant: $0.tenant) }
        guard let books else { return }
        let left = books.limit.micros + books.over.micros
        let right = books.available.micros + books.held.micros + books.spent.micros + books.delegated.micros
        guard left == right else { throw FixtureError("\(name.text) does not balance: \(books)") }
    }

    private func compareBooks(_ names: some Sequence<AccountName>) async throws {
        for name in names { try await compareBook(name) }
    }

    /// What the accounts have spent is what the receipts say.
    private func compareSpending() async throws {
        var spent: [AccountName: Int64] = [:]
        for (charge, charged) in receipts.values { for account in charge.accounts { spent[account.name, default: 0] += charged.micros } }
        for name in seen {
            let books = try await redis.ledger.balance(of: name, tenant: redis.tenant)
            guard books?.spent.micros ?? 0 == spent[name] ?? 0 else { throw FixtureError("\(name.text) spent other than its receipts say") }
        }
    }
}

/// What reserve answered, to be compared.
private struct Answer: Equatable, CustomStringConvertible {
    let outcome: String
    let description: String

    init(_ reservation: Reservation) {
        switch reservation {
        case .granted(let hold, let excess, let due):
            outcome = hold == nil ? "free" : "granted"
            description = "\(outcome), excess: \(String(describing: excess)), due: \(due)"
        case .recalled(let found):
            outcome = "recalled"
            description = "\(found)"
        case .refused(let refusal, let due):
            outcome =
                switch refusal {
                case .sessionGone: "sessionGone"
                case .revoked: "revoked"
                case .noAccount: "noAccount"
                case .insufficient: "insufficient"
                case .ended(let state): "ended \(state)"
                case .conflict: "conflict"
                case .rateLimited: "rateLimited"
                case .rolledBack: "rolledBack"
                }
            description = "\(refusal), due: \(due)"
        }
    }
}
