import Governance

/// What a walk's charges name: renewed now and then, for accounts run dry, rates are used up and tokens get revoked.
struct WalkNames {
    /// An account's terms as a tenant document states them.
    struct Terms {
        let name: AccountName
        var opening: Credits?
        var expires: Int64?
        var isLenient = false
        /// Milliseconds.
        var period: Int64?
        /// Nothing but receipts moves what it has spent.
        var isPlain: Bool { !isLenient && period == nil }
    }

    private(set) var accounts: [Terms] = []
    private(set) var seen: Set<AccountName> = []
    /// Those whose spending the receipts tell.
    private(set) var plain: Set<AccountName> = []
    private(set) var tokens: [TokenID] = []
    private(set) var records: [RecordName] = []
    private var limits: [RateLimit] = []
    let nodes = (0..<3).map { _ in NodeID() }

    mutating func renew(by random: inout SplitMix64) {
        accounts = [Terms(name: .tenant, opening: .micros(500_000_000))]
        tokens = (0..<4).map { _ in token(by: &random) }
        for token in tokens { accounts.append(Terms(name: .cap(token), opening: opening(by: &random), expires: 9_000_000_000_000)) }
        for index in 0..<6 {
            guard let name = BudgetName("b\(UInt32.random(in: 0 ... .max, using: &random))") else { continue }
            var terms = Terms(name: .budget(name), opening: Int.random(in: 0..<6, using: &random) > 0 ? opening(by: &random) : nil)
            terms.isLenient = index.isMultiple(of: 3)
            terms.period = index < 2 ? nil : Int64.random(in: 10...100, using: &random)
            accounts.append(terms)
        }
        seen.formUnion(accounts.map(\.name))
        plain.formUnion(accounts.filter(\.isPlain).map(\.name))
        records = (0..<2).compactMap { _ in RecordName(token(by: &random).text) }
        limits = ["tenant", "token", "tool"].map { kind in
            let interval: Int64 = [1, 700, 1_500, 20_000, 3_600_000_000].randomElement(using: &random, or: 1)
            let subject = "\(kind).\(UInt32.random(in: 0 ... .max, using: &random))"
            return RateLimit(subject: subject, interval: interval, burst: Int64.random(in: 1...4, using: &random))
        }
    }

    private func opening(by random: inout SplitMix64) -> Credits { .micros(Int64.random(in: 0...90_000_000, using: &random)) }

    private func token(by random: inout SplitMix64) -> TokenID {
        let digits = (0..<64).map { _ in Array("0123456789abcdef")[Int.random(in: 0..<16, using: &random)] }
        return TokenID(String(digits)) ?? .sample("0")
    }

    /// Some accounts, with the ends of their windows as a node knows them that may have asked the clock a while ago.
    func accounts(at now: Int64, by random: inout SplitMix64) -> [ChargedAccount] {
        accounts.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }.map { terms in
            let window = terms.period.map { period in
                let first = (now / period + [1, 1, 1, 0, -1].randomElement(using: &random, or: 1)) * period
                return WindowEnds(first: first, second: first + period)
            }
            return ChargedAccount(
                name: terms.name, opening: terms.opening, expires: terms.expires, isLenient: terms.isLenient, window: window)
        }
    }

    /// A third of the time one or two rates.
    func rates(by random: inout SplitMix64) -> [RateLimit] {
        guard Int.random(in: 0..<3, using: &random) == 0 else { return [] }
        return Array(limits.shuffled(using: &random).prefix(Int.random(in: 1...2, using: &random)))
    }

    /// One of few, mostly of the same question, at times to take over what one of the charges runs.
    func record(among charges: [Charge], by random: inout SplitMix64) -> CallRecord? {
        guard let name = records.randomElement(using: &random) else { return nil }
        let isOther = Int.random(in: 0..<12, using: &random) == 0
        let running = Int.random(in: 0..<4, using: &random) == 0 ? charges.filter { $0.record?.name == name } : []
        return CallRecord(
            name: name, fingerprint: String(repeating: isOther ? "1" : "2", count: 64),
            supplants: running.randomElement(using: &random)?.call)
    }

    /// What an operator, a child account or a failover does to an account that is not plain.
    func intervention(by random: inout SplitMix64) -> LedgerWorld.Intervention? {
        guard let terms = accounts.filter({ !$0.isPlain }).randomElement(using: &random) else { return nil }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return .remove(terms.name)
        case 1: return .mark(terms.name)
        case 2...3: return .resume(terms.name, epoch: String(token(by: &random).text.prefix(32)))
        default:
            let sum = Int64.random(in: 0...5_000_000, using: &random)
            return .delegate(terms.name, sum: .micros(sum), drained: .micros(Int64.random(in: 0...sum, using: &random)))
        }
    }
}

extension Array {
    /// One of them, `other` where there is none.
    func randomElement(using random: inout SplitMix64, or other: Element) -> Element { randomElement(using: &random) ?? other }
}
