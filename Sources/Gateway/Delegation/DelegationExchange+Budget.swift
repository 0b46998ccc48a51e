import Governance
import MCPWire

extension DelegationExchange {
    /// What is left in the accounts of the agent's token; `remaining` is of the one that refusals and prices speak of, -1 where it has none
    /// and needs none.
    func budget() async throws(Fault) -> [(String, Outgoing.Value)] {
        let accounts = gateway.chain(of: agent)
        let token: (String, Outgoing.Value) = ("tokenId", .text(agent.grant.token.text))
        guard let told = accounts.last else {
            guard agent.tenant.unbudgeted == .allow else { throw .unbudgeted }
            return [token, ("budgetId", .nothing), ("remaining", .integer(-1))]
        }
        var rows: [[(String, Outgoing.Value)]] = []
        var remaining = Credits.zero
        for account in accounts {
            let books = try await books(of: account)
            remaining = books.available
            rows.append([
                ("account", .text(account.name.text)), ("limit", .decimal(books.limit.description)),
                ("available", .decimal(books.available.description)), ("held", .decimal(books.held.description)),
                ("spent", .decimal(books.spent.description)), ("delegated", .decimal(books.delegated.description)),
            ])
        }
        return [
            token, ("budgetId", .text(told.name.text)), ("remaining", .decimal(remaining.description)), ("accounts", .list(rows)),
        ]
    }

    /// The account's books; one that is made on first use has its limit.
    private func books(of account: ChargedAccount) async throws(Fault) -> Balance {
        let found: Balance?
        do { found = try await gateway.ledger.balance(of: account.name, tenant: agent.tenant.name) } catch {
            guard case .corrupt = error else { throw .storeUnavailable }
            throw .noAccount(budget: account.name.text)
        }
        if let found { return found.begun(account.window, at: gateway.now()) }
        guard let limit = account.opening else { throw .noAccount(budget: account.name.text) }
        return Balance(limit: limit, held: .zero, spent: .zero, delegated: .zero, over: .zero, epoch: "", version: 0)
    }
}

extension Balance {
    /// The books as the next charge will find them, when the window that they stand at is over.
    fileprivate func begun(_ window: WindowEnds?, at now: Int64) -> Balance {
        guard let window, let end = windowEnd, end <= now, window.second > now else { return self }
        return Balance(
            limit: limit, held: held, spent: .zero, delegated: delegated.subtracting(drained), over: over, epoch: epoch, version: version)
    }
}
