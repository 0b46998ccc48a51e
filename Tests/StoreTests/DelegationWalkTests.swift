import Governance
import Store
import Testing

/// Delegations as plain values: what the scripts are held against.
private struct DelegationModel {
    struct Account: Equatable {
        var limit: Int
        var spent = 0
        var delegated = 0
        var drained = 0
        var available: Int { max(0, limit - spent - delegated) }
    }

    struct Child {
        let name: String
        let parents: [String]
        let carved: Int
        let isRevoked: Bool
        var hasEnded = false
    }

    var accounts = ["cap": Account(limit: 400), "team": Account(limit: 300)]
    var children: [Child] = []

    /// Where a delegation comes out of.
    func chain(of account: String) -> [String] { account == "team" ? ["cap", "team"] : [account] }

    /// Nil where it is carved, else the account that has too little and how much.
    mutating func delegate(_ amount: Int, to name: String, outOf account: String, isRevoked: Bool) -> (String, Int)? {
        let chain = chain(of: account)
        for name in chain {
            if let free = accounts[name]?.available, free < amount { return (name, free) }
        }
        for name in chain { accounts[name]?.delegated += amount }
        accounts[name] = Account(limit: amount)
        children.append(Child(name: name, parents: chain, carved: amount, isRevoked: isRevoked))
        return nil
    }

    mutating func end(_ index: Int) -> DelegationEnd {
        let child = children[index]
        guard !child.hasEnded else { return .unknown }
        guard child.isRevoked else { return .live }
        if children.contains(where: { $0.parents == [child.name] && !$0.hasEnded }) { return .postponed }
        let back = min(child.carved, accounts[child.name]?.available ?? 0)
        children[index].hasEnded = true
        accounts[child.name]?.limit -= back
        for name in child.parents {
            accounts[name]?.delegated -= back
            accounts[name]?.drained += child.carved - back
        }
        return .returned(Credits(whole: Int64(back)) ?? .zero)
    }
}

@Suite("Delegations, at random", .timeLimit(.minutes(2)))
struct DelegationWalkTests {
    @Test("the scripts do what a model does, all books add up at each step, and the ledger tells all of it", arguments: [1, 2, 3])
    func walk(_ seed: UInt64) async throws { try await walk(seed, DelegationBench()) }

    private static let mistakes = [
        Mistake("nothing is taken", "a.delegated, a.version = a.delegated + amount,", "a.delegated, a.version = a.delegated,"),
        Mistake("too much is given", "if available(a) < amount then return {'insufficient'", "if false then return {'insufficient'"),
        Mistake("what was spent is given back", "math.min(carved, available(own))", "carved"),
        Mistake("what was spent never leaves", "a.drained + whole - back", "a.drained"),
        Mistake("an ended child may spend", "own.limit, own.version = own.limit - returned,", "own.limit, own.version = own.limit,"),
        Mistake("children of a child are forgotten", "own.held > 0 or int(f[5] or '0', 'children') > 0", "own.held > 0"),
        Mistake("a child ends before its time", "if expiry > time and not isRevoked then", "if false then"),
    ]

    @Test("a mistake in the scripts of delegations is found out", arguments: mistakes)
    func found(_ mistake: Mistake) async throws {
        let scripts = try #require(mistake.scripts(StoreScripts.watch))
        await withKnownIssue { try await walk(1, DelegationBench(scripts)) }
    }

    private func walk(_ seed: UInt64, _ bench: DelegationBench) async throws {
        try await bench.revoke(.sample("7"))
        var model = DelegationModel()
        var random = SplitMix64(state: seed)
        // The two accounts are made with their limits, and nothing of this is left.
        var nothing = try bench.child()
        #expect(try await bench.delegate(nothing, 1, from: [("cap", 400), ("team", 300)], lineage: [.sample("7")]).isCarved)
        #expect(try await bench.end(nothing) == .returned(bench.credits(1)))
        for _ in 0..<150 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4: try await delegate(&model, bench, &random)
            case 4..<7: try await spend(&model, bench, &random)
            default:
                guard let index = model.children.indices.randomElement(using: &random) else { continue }
                nothing = try bench.known(model.children[index].name)
                #expect(try await bench.end(nothing) == model.end(index))
            }
            for (name, account) in model.accounts {
                try await bench.expect(
                    name, limit: account.limit, spent: account.spent, delegated: account.delegated, drained: account.drained)
            }
        }
        #expect(model.children.contains { $0.hasEnded } && model.children.contains { $0.parents.count == 1 })
        let audit = RedisLedgerAudit(redis: bench.client)
        let names = try model.accounts.keys.map { AccountName.budget(try #require(BudgetName($0))) }
        let report = try await audit.audit(names, of: bench.tenant, isExact: true) { _ in }
        #expect(report.differences.isEmpty, "\(report.differences)")
    }

    private func delegate(_ model: inout DelegationModel, _ bench: DelegationBench, _ random: inout SplitMix64) async throws {
        let places = ["team"] + model.children.map(\.name)
        let place = try #require(places.randomElement(using: &random))
        let (amount, isRevoked) = (Int.random(in: 1..<40, using: &random), Bool.random(using: &random))
        let child = try bench.child()
        let refusal = model.delegate(amount, to: child.budget.text, outOf: place, isRevoked: isRevoked)
        let reply = try await bench.delegate(
            child, amount, from: model.chain(of: place).map { ($0, nil) }, lineage: [isRevoked ? .sample("7") : .sample("9")])
        if let (name, free) = refusal {
            #expect(reply == .refused(.insufficient(.budget(try #require(BudgetName(name))), available: bench.credits(free))))
        } else {
            #expect(reply == .delegated(child, remaining: bench.credits(model.accounts[place]?.available ?? -1)))
        }
    }

    private func spend(_ model: inout DelegationModel, _ bench: DelegationBench, _ random: inout SplitMix64) async throws {
        // In the order in which they were made: children's names are never the same.
        let place = try #require((["cap", "team"] + model.children.map(\.name)).randomElement(using: &random))
        let amount = Int.random(in: 1..<10, using: &random)
        guard (model.accounts[place]?.available ?? 0) >= amount else {
            let reply = try await bench.ledger.reserve(bench.charge(amount, of: place))
            return #expect(reply.isInsufficient)
        }
        try await bench.spend(amount, of: place)
        model.accounts[place]?.spent += amount
    }
}

extension DelegationReply {
    fileprivate var isCarved: Bool { if case .delegated = self { true } else { false } }
}

extension DelegationBench {
    /// The child of that account.
    fileprivate func known(_ name: String) throws -> DelegatedChild {
        DelegatedChild(budget: try #require(BudgetName(name)), nonce: "", key: "k", expires: 0)
    }
}
