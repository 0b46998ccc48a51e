import Governance
import Redis
import Store
import Testing

/// One tenant's accounts and delegations, over scripts whose keys are watched.
struct DelegationBench: Sendable {
    let client: RedisClient
    let tenant: TenantName
    let ledger: RedisLedger
    let delegations: RedisDelegations
    /// The token that delegates.
    let parent = TokenID.sample("1")
    private let node = NodeID()

    init(_ scripts: StoreScripts = .watched) async throws {
        client = try await SharedRedis.client
        tenant = try .fresh()
        ledger = RedisLedger(redis: client, scripts: .watched)
        delegations = RedisDelegations(redis: client, scripts: scripts)
        try await ledger.openBooks(of: tenant)
    }

    func credits(_ whole: Int) -> Credits { Credits(whole: Int64(whole)) ?? .zero }
    func key(_ budget: String) -> String { BudgetName(budget).map { KeyNames.standard.keys(of: tenant).account(.budget($0)) } ?? "" }

    /// A request that nobody has made.
    func request() -> RequestName { RequestName() }

    /// A child nobody has, whose token lives unless `expires` says otherwise.
    func child(expires: Int64 = 9_999_999_999_999) throws -> DelegatedChild {
        try #require(DelegatedChild(key: "k", expires: expires))
    }

    /// Delegates out of these budgets, made with a limit on first use where one is given.
    func delegate(
        _ child: DelegatedChild, _ amount: Int, from accounts: [(String, Int?)], as request: RequestName? = nil, _ print: String = "same",
        window: WindowEnds? = nil, lineage: [TokenID]? = nil
    ) async throws -> DelegationReply {
        let charged = try accounts.map { name, limit in
            ChargedAccount(name: .budget(try #require(BudgetName(name))), opening: limit.map(credits), window: window)
        }
        return try await delegations.delegate(
            Delegation(
                request: request ?? self.request(), fingerprint: print, tenant: tenant, amount: credits(amount), accounts: charged,
                lineage: [parent], child: child, childLineage: lineage ?? [parent, .sample("2")], label: "l", session: nil, node: node))
    }

    func end(_ child: DelegatedChild) async throws -> DelegationEnd {
        try await delegations.end(child.budget, of: tenant, node: node)
    }

    func revoke(_ token: TokenID) async throws {
        _ = try await RedisRevocations(redis: client).revoke(
            Revocation(token: token, ends: nil, source: "cli", operator: "cli:ann"), of: tenant)
    }

    func charge(_ amount: Int, of budget: String) throws -> Charge {
        let name = AccountName.budget(try #require(BudgetName(budget)))
        return Charge(
            call: CallID(), tenant: tenant, amount: credits(amount), accounts: [ChargedAccount(name: name)], session: nil,
            transport: .stateless, lineage: [.sample("3")], lease: 60_000,
            context: CallContext(
                session: nil, token: .sample("3"), budget: name, node: node, tool: "t", upstream: try #require(UpstreamName("u"))))
    }

    func hold(_ amount: Int, of budget: String) async throws -> Hold {
        guard case .granted(let hold?, _, _) = try await ledger.reserve(charge(amount, of: budget)) else { throw Unheld() }
        return hold
    }

    func spend(_ amount: Int, of budget: String) async throws {
        _ = try await ledger.settle(
            hold(amount, of: budget), cost: credits(amount), outcome: CallOutcome(kind: .ok, duration: 1))
    }

    func balance(_ budget: String) async throws -> Balance? {
        try await ledger.balance(of: .budget(try #require(BudgetName(budget))), tenant: tenant)
    }

    /// Expects the books, and that they add up.
    func expect(
        _ budget: String, limit: Int, held: Int = 0, spent: Int = 0, delegated: Int = 0, drained: Int = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let books = try #require(try await balance(budget), sourceLocation: sourceLocation)
        #expect(
            [books.limit, books.held, books.spent, books.delegated, books.drained]
                == [limit, held, spent, delegated, drained].map(credits), sourceLocation: sourceLocation)
        #expect(books.addsUp, sourceLocation: sourceLocation)
    }

    /// The ledger's events of that kind.
    func events(_ kind: String) async throws -> [String] {
        try await client.events(in: KeyNames.standard.keys(of: tenant).ledger).map(\.json).filter { $0.contains(#""type":"\#(kind)""#) }
    }

    private struct Unheld: Error {}
}

extension Balance {
    /// The identity of all books.
    var addsUp: Bool { limit.micros + over.micros == available.micros + held.micros + spent.micros + delegated.micros }
}

extension Reservation {
    var isInsufficient: Bool { if case .refused(.insufficient, _) = self { true } else { false } }
}
