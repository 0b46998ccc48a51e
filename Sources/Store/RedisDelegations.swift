import Events
package import Governance
package import Redis

/// Delegations in Redis: the child's account names the accounts that it was carved out of, and a sorted set has all children that live.
package struct RedisDelegations: Delegations {
    private let redis: RedisClient
    private let scripts: StoreScripts
    private let tenants: TenantKeyCache
    /// Milliseconds for which a request is remembered.
    private let remembered: Int64 = 86_400_000
    /// The least for which the account of an ended child is, milliseconds.
    private let kept: Int64 = 86_400_000

    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded) {
        self.redis = redis
        self.scripts = scripts
        tenants = TenantKeyCache(names)
    }

    package func delegate(_ delegation: Delegation) async throws(StoreError) -> DelegationReply {
        let keys = tenants.keys(of: delegation.tenant)
        let own = [
            keys.request(delegation.request), keys.revoked, keys.delegations, keys.account(.budget(delegation.child.budget)), keys.head,
            keys.audit, keys.ledger,
        ]
        let reply = try await redis.run(
            scripts.delegate, keys: own + delegation.accounts.map { keys.account($0.name) },
            arguments: arguments(of: delegation, keys) + delegation.accounts.flatMap(terms)
                + delegation.lineage.map { .text($0.text) })
        guard let elements = reply.elements, let verdict = elements.first?.text else { throw .corrupt("delegate") }
        if verdict == "delegated" { return try delegated(elements) }
        return .refused(try refusal(verdict, elements, delegation.accounts))
    }

    private func arguments(of delegation: Delegation, _ keys: TenantKeys) -> [RedisArgument] {
        let child = delegation.child
        let who = EventFragments.who(
            session: delegation.session, token: delegation.lineage.last, tenant: delegation.tenant, node: delegation.node)
        return [
            .text(delegation.fingerprint), .integer(remembered), .integer(delegation.amount.micros), .text(child.budget.text),
            .text(child.nonce), .text(child.key), .integer(child.expires), .integer(Int64(Delegation.mostChildren)), .text(keys.events),
            .bytes(who), .bytes(EventFragments.data(of: delegation)), .text(joined(delegation.accounts.map(\.name.text))),
            .text(joined(delegation.childLineage.map(\.text))),
        ]
    }

    private func terms(of account: ChargedAccount) -> [RedisArgument] {
        let opening: RedisArgument = if let opening = account.opening { .integer(opening.micros) } else { "" }
        return [opening, .integer(account.expires ?? 0), .integer(account.window?.first ?? 0), .integer(account.window?.second ?? 0)]
    }

    private func delegated(_ elements: [RedisValue]) throws(StoreError) -> DelegationReply {
        guard elements.count == 6, let budget = elements[1].text.flatMap({ BudgetName($0) }), let nonce = elements[2].text,
            let key = elements[3].text, let expires = elements[4].number,
            let remaining = elements[5].number.flatMap({ Credits(micros: $0) })
        else { throw .corrupt("delegate") }
        return .delegated(DelegatedChild(budget: budget, nonce: nonce, key: key, expires: expires), remaining: remaining)
    }

    private func refusal(
        _ verdict: String, _ elements: [RedisValue], _ accounts: [ChargedAccount]
    ) throws(StoreError) -> DelegationRefusal {
        if verdict == "revoked" { return .revoked }
        if verdict == "conflict" { return .conflict }
        guard elements.count == 3, let index = elements[1].number, index >= 1, index <= accounts.count,
            let available = elements[2].number.flatMap({ Credits(micros: $0) })
        else { throw .corrupt("delegate") }
        let account = accounts[Int(index) - 1].name
        switch verdict {
        case "no_account": return .noAccount(account)
        case "rolled_back": return .rolledBack(account)
        case "insufficient": return .insufficient(account, available: available)
        case "too_many": return .tooMany(account)
        default: throw .corrupt("delegate")
        }
    }
}

// MARK: The end

extension RedisDelegations {
    package func due(of tenant: TenantName, limit: Int) async throws(StoreError) -> DueDelegations {
        let reply = try await redis.run(
            scripts.due, keys: [tenants.keys(of: tenant).delegations], arguments: [.integer(Int64(max(0, limit)))])
        guard let elements = reply.elements, let live = elements.first?.number else { throw .corrupt("due") }
        return DueDelegations(children: elements.dropFirst().compactMap { $0.text.flatMap { BudgetName($0) } }, anyLive: live > 0)
    }

    package func children(of tenant: TenantName, madeOf tokens: Set<TokenID>) async throws(StoreError) -> [BudgetName] {
        let keys = tenants.keys(of: tenant)
        var found: [BudgetName] = []
        var start: Int64 = 0
        let page: Int64 = 256
        while true {
            let reply = try await redis.command(["ZRANGE", .text(keys.delegations), .integer(start), .integer(start + page - 1)])
            guard let names = reply.elements else { throw .corrupt("delegations") }
            for case let name? in names.map({ $0.text.flatMap { BudgetName($0) } }) {
                let text = try await redis.command(["HGET", .text(keys.account(.budget(name))), "lineage"]).text ?? ""
                if text.split(separator: " ").contains(where: { TokenID($0).map(tokens.contains) ?? false }) { found.append(name) }
            }
            guard names.count == Int(page) else { return found }
            start += page
        }
    }

    package func end(_ child: BudgetName, of tenant: TenantName, node: NodeID) async throws(StoreError) -> DelegationEnd {
        let keys = tenants.keys(of: tenant)
        let own = keys.account(.budget(child))
        // A script may only touch keys it is given, so the accounts, which never change, are asked for first.
        let names = try await redis.command(["HGET", .text(own), "parents"]).text ?? ""
        var scriptKeys = [keys.delegations, keys.revoked, own, keys.head, keys.audit, keys.ledger]
        for name in names.split(separator: " ") {
            guard let account = AccountName(name) else { throw .corrupt("accounts of a delegation") }
            scriptKeys.append(keys.account(account))
        }
        let who = EventFragments.who(session: nil, token: nil, tenant: tenant, node: node)
        let reply = try await redis.run(
            scripts.delegationReturn, keys: scriptKeys,
            arguments: [.text(child.text), .text(keys.events), .bytes(who), .text(names), .integer(kept)])
        guard let elements = reply.elements, elements.count == 2, let sum = elements[1].number.flatMap({ Credits(micros: $0) }) else {
            throw .corrupt("delegation_return")
        }
        switch elements[0].text {
        case "returned": return .returned(sum)
        case "live": return .live
        case "postponed": return .postponed
        case "unknown": return .unknown
        default: throw .corrupt("delegation_return")
        }
    }
}

private func joined(_ texts: [String]) -> String { texts.joined(separator: " ") }

extension EventFragments {
    /// `"childTokenId":"…","childBudgetId":"…"`, and the label where there is one.
    fileprivate static func data(of delegation: Delegation) -> [UInt8] {
        let ids: [UInt8] = data([
            "childTokenId": .text(delegation.childLineage.last?.text ?? ""), "childBudgetId": .text(delegation.child.budget.text),
        ])
        guard let label = delegation.label else { return ids }
        return ids + [UInt8(ascii: ",")] + data(["label": .text(label)])
    }
}
