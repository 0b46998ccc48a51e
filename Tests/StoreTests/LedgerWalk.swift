import Fixtures
import Governance
import Redis
import Store

/// One tenant's random walk, done by both ledgers on one clock.
struct LedgerWalk {
    var random: SplitMix64
    let model: LedgerWorld
    let redis: LedgerWorld
    private let clock: RedisClock
    private(set) var steps = 0
    var outcomes: Set<String> = []
    /// The latest charges, which most operations pick from.
    private var charges: [Charge] = []
    private var latest: Charge?
    var receipts: [CallID: (charge: Charge, charged: Credits)] = [:]
    var names = WalkNames()
    var ends: [AccountName: Int64] = [:]
    private let sessions = (0..<3).map { _ in SessionID() }
    private let takers = (0..<2).map { _ in CallID() }

    /// `scripts` read the tenant's clock.
    init(seed: UInt64, _ client: RedisClient, _ scripts: StoreScripts) async throws {
        let tenant = try TenantName.fresh()
        let limits = LedgerLimits.small
        random = SplitMix64(state: seed)
        clock = try await RedisClock(client, of: tenant)
        model = try .inMemory(tenant, clock.clock, limits: limits)
        redis = .clocked(client, scripts, tenant, clock, limits: limits)
    }

    mutating func run(_ count: Int) async throws {
        names.renew(by: &random)
        while steps < count {
            if steps == 20 { try await both { try await $0.ledger.openBooks(of: $0.tenant) } }
            try await step()
            steps += 1
            if steps.isMultiple(of: 100) { try await compareBooks(names.accounts.map(\.name)) }
        }
        try await compareBooks(names.seen)
        try await compareSpending()
    }

    private mutating func step() async throws {
        let charge = nextCharge()
        switch (Int.random(in: 0..<100, using: &random), charge) {
        case (26..<31, let charge?): try await reserve(charge)
        case (31..<52, let charge?): try await settle(charge)
        case (52..<55, let charge?): try await release(charge)
        case (55..<61, let charge?): try await lapse(charge)
        case (61..<64, _?): try await extend()
        case (64..<67, _):
            let limit = Int.random(in: 0...40, using: &random)
            try await both { try await $0.ledger.due(of: $0.tenant, limit: limit) }
        case (67..<71, _): try await compareBook(names.accounts.randomElement(using: &random)?.name ?? .tenant)
        case (71..<73, _): try await changeSession()
        case (73..<76, let charge?): try await park(charge)
        case (76..<78, let charge?): try await take(model.round(Int.random(in: 1...3, using: &random), of: charge), charge.lineage)
        case (78..<82, let charge?): try await note(charge)
        case (82..<86, _): try await recall(names.record(among: [], by: &random))
        case (86..<94, _): try await clock.advance(by: Int64.random(in: 1...60, using: &random))
        case (94..<97, _): try await intervene()
        case (97, _): names.renew(by: &random)
        case (98, _): try await revoke()
        case (99, _): try await release(newCharge())
        default: try await reserve(newCharge())
        }
    }

    /// Often the last one again, for much goes wrong in a row only; else often one whose lease was over soon, or few would ever lapse.
    private mutating func nextCharge() -> Charge? {
        if Int.random(in: 0..<3, using: &random) > 0 || latest == nil {
            let brief = Bool.random(using: &random) ? charges.filter { $0.lease < 100 } : []
            latest = brief.randomElement(using: &random) ?? charges.randomElement(using: &random)
        }
        return latest
    }

    private mutating func reserve(_ charge: Charge) async throws {
        let answer = try await both { WalkAnswer(try await $0.ledger.reserve(charge)) }
        // Operations on what was never held are tried too, but not most of the time.
        if answer.isGranted || Int.random(in: 0..<8, using: &random) == 0 { charges.append(charge) }
        if charges.count > 24 { charges.removeFirst() }
        outcomes.insert(answer.outcome)
        if charge.lease == 0 { try await outliveNow() }
    }

    private mutating func settle(_ charge: Charge) async throws {
        let cost = Credits.micros(Int64.random(in: 0...charge.amount.micros * 5 / 4, using: &random))
        let size = Bool.random(using: &random) ? Int.random(in: 1...LedgerLimits.small.report + 10, using: &random) : 0
        let report = size == 0 ? nil : [UInt8](repeating: UInt8(truncatingIfNeeded: size), count: size)
        let receipt = try await both { try await $0.ledger.settle(Hold(charge: charge), cost: cost, outcome: .ok, report: report) }
        outcomes.insert("settle \(receipt.state)")
        if !receipt.waiters.isEmpty { outcomes.insert("awaited") }
        if receipt.charged != .zero { receipts[charge.call] = (charge, receipt.charged) }
    }

    private mutating func release(_ charge: Charge) async throws {
        let receipt = try await both { try await $0.ledger.release(Hold(charge: charge), outcome: .unsent) }
        outcomes.insert("release \(receipt.state)")
    }

    private mutating func lapse(_ charge: Charge) async throws {
        outcomes.insert("lapse \(try await both { try await $0.ledger.lapse(charge.call, of: $0.tenant) })")
    }

    /// Lets the call wait, and some of what may follow.
    private mutating func park(_ charge: Charge) async throws {
        let round = model.round(Int.random(in: 1...3, using: &random), of: charge)
        outcomes.insert("park \(try await both { try await $0.ledger.park(round, life: 3_600_000) })")
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            switch Int.random(in: 0..<5, using: &random) {
            case 0: try await note(charge)
            case 1: try await take(round, charge.lineage)
            case 2: try await recall(charge.record)
            case 3: try await extend()
            default: try await clock.advance(by: Int64.random(in: 20...60, using: &random))
            }
        }
    }

    private mutating func take(_ round: Round, _ lineage: [TokenID]) async throws {
        let lineage = Bool.random(using: &random) ? lineage : []
        let lease: Int64 = Bool.random(using: &random) ? 20 : 3_600_000
        for taker in takers.shuffled(using: &random) {
            outcomes.insert("take \(try await both { try await $0.ledger.take(round, by: taker, of: lineage, lease: lease) })")
        }
    }

    private mutating func note(_ charge: Charge) async throws {
        guard let record = charge.record?.name else { return }
        let asked: [UInt8]? = Int.random(in: 0..<4, using: &random) == 0 ? nil : [1, UInt8.random(in: 0 ... .max, using: &random)]
        outcomes.insert("note \(try await both { try await $0.ledger.note(asked, of: charge.call, in: record, of: $0.tenant) })")
    }

    private mutating func recall(_ record: CallRecord?) async throws {
        guard let record, let waiter = names.nodes.randomElement(using: &random) else { return }
        let found = try await both { try await $0.recall(record, waiter: waiter) }
        outcomes.insert("recall \(found.kind)")
    }

    private mutating func extend() async throws {
        let holds = Array(
            Set(
                ([latest].compactMap(\.self) + charges.shuffled(using: &random)).prefix(3).map {
                    OpenHold(call: $0.call, record: $0.record?.name)
                }))
        let lease: Int64 = [0, 30, 3_600_000].randomElement(using: &random, or: 0)
        let states = try await both { try await $0.ledger.extend(holds, of: $0.tenant, lease: lease) }
        for state in states.values { outcomes.insert("extend \(state)") }
        if lease == 0 { try await outliveNow() }
        try await both { try await $0.ledger.due(of: $0.tenant, limit: 40) }
        if Bool.random(using: &random) { try await recall(latest?.record) }
    }

    private mutating func changeSession() async throws {
        let id = sessions[Int.random(in: 0..<3, using: &random)]
        if Int.random(in: 0..<6, using: &random) == 0 {
            try await both { try await $0.sessions.close(id, of: $0.tenant) }
        } else {
            let session = Session(id: id, tenant: model.tenant, principal: names.tokens[0], transport: .streamable)
            try await both { try await $0.sessions.open(session) }
        }
    }

    private mutating func revoke() async throws {
        guard Int.random(in: 0..<8, using: &random) == 0, let token = names.tokens.randomElement(using: &random) else { return }
        try await both { try await $0.revoke(token) }
    }

    private mutating func intervene() async throws {
        guard let intervention = names.intervention(by: &random) else { return }
        try await both { try await $0.intervene(intervention) }
    }

    private func outliveNow() async throws { try await clock.advance(by: 2) }

    private mutating func newCharge() async throws -> Charge {
        let chosen = names.accounts(at: clock.clock.now, by: &random)
        let session = Int.random(in: 0..<3, using: &random) == 0 ? sessions.randomElement(using: &random) : nil
        let lineage = Array(names.tokens.prefix(Int.random(in: 1...4, using: &random)))
        let lease: Int64 = Bool.random(using: &random) ? 3_600_000 : [0, 0, 20, 40].randomElement(using: &random, or: 0)
        let record = Int.random(in: 0..<5, using: &random) < 2 ? names.record(among: charges, by: &random) : nil
        return try model.charge(
            try await amount(for: chosen), chosen, session: session, lineage: lineage, lease: lease, record: record,
            rates: names.rates(by: &random), node: names.nodes.randomElement(using: &random) ?? .sample)
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
}

extension LedgerLimits {
    /// So that some reports are too large, and some find no room.
    static var small: LedgerLimits {
        var limits = LedgerLimits()
        limits.report = 100
        limits.reports = 150
        return limits
    }
}
