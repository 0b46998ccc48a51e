import Governance

extension Gateway {
    /// The accounts of an agent's token: the caps of its chain, outermost first, and its budget. The tenant's cap is none of them.
    func chain(of agent: Agent) -> [ChargedAccount] {
        let (grant, tenant) = (agent.grant, agent.tenant)
        var accounts = grant.caps.map { account(.cap($0.prefix), of: agent, opening: $0.limit) }
        if let budget = grant.budget ?? (grant.caps.isEmpty ? tenant.defaultBudget : nil) {
            accounts.append(account(.budget(budget), of: agent, opening: tenant.budgets[budget]?.limit))
        }
        return accounts
    }

    /// The account with what the tenant's document says of it now; `opening` where it may be made.
    func account(_ name: AccountName, of agent: Agent, opening: Credits? = nil) -> ChargedAccount {
        let terms = agent.tenant.terms(of: name)
        var expires: Int64?
        if case .cap = name { expires = agent.grant.expires + Self.day }
        return ChargedAccount(
            name: name, opening: opening, expires: expires, isLenient: (terms?.mode ?? agent.tenant.mode) != .hard,
            window: terms?.window.flatMap { windows.ends(of: $0, at: now()) })
    }

    /// Milliseconds.
    private static var day: Int64 { 86_400_000 }
}
