import Governance

extension Gateway {
    /// The accounts of an agent's token: the caps of its chain, outermost first, and its budget. The tenant's cap is none of them.
    func chain(of agent: Agent) -> [ChargedAccount] { agent.principal.chain(at: now(), by: windows) }

    /// The account with what the tenant's document says of it now.
    func account(_ name: AccountName, of agent: Agent) -> ChargedAccount { agent.principal.account(name, at: now(), by: windows) }
}
