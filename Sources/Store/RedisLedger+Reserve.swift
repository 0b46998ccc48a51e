package import Governance
import Redis

extension RedisLedger {
    package func reserve(_ charge: Charge) async throws(StoreError) -> Reservation {
        let accounts = charge.amount == .zero ? [] : charge.accounts
        let keys = tenants.keys(of: charge.tenant)
        let reply = try await redis.run(
            scripts.reserve, keys: reserveKeys(of: charge, accounts, keys), arguments: reserveArguments(of: charge, accounts, keys))
        if case .string(let word) = reply, word.elementsEqual("granted".utf8) {
            return .granted(accounts.isEmpty ? nil : Hold(charge: charge), due: [])
        }
        guard let elements = reply.elements, elements.count >= 4, let verdict = elements[0].text else { throw .corrupt("reserve") }
        let due = elements.count == 4 ? [] : callIDs(elements.dropFirst(4))
        if verdict == "granted" { return .granted(accounts.isEmpty ? nil : Hold(charge: charge), due: due) }
        return .refused(try refusal(verdict, elements, accounts), due: due)
    }

    private func reserveKeys(of charge: Charge, _ accounts: [ChargedAccount], _ keys: TenantKeys) -> [String] {
        var out: [String] = []
        out.reserveCapacity(8 + accounts.count)
        out.append(keys.hold(charge.call))
        out.append(keys.holds)
        out.append(keys.revoked)
        out.append(keys.sessions)
        out.append(keys.head)
        out.append(keys.audit)
        out.append(keys.ledger)
        for account in accounts { out.append(keys.account(account.name)) }
        if let session = charge.session { out.append(keys.session(session)) }
        return out
    }

    private func reserveArguments(of charge: Charge, _ accounts: [ChargedAccount], _ keys: TenantKeys) -> [RedisArgument] {
        let context = charge.context
        var out: [RedisArgument] = []
        out.reserveCapacity(9 + 2 * accounts.count + charge.lineage.count)
        out.append(.text(charge.call.text))
        out.append(.integer(charge.amount.micros))
        out.append(.integer(charge.lease))
        out.append(.text(charge.session?.text ?? ""))
        out.append(.integer(charge.renewsSession ? charge.transport.lifetime : 0))
        out.append(.text(keys.events))
        out.append(
            .bytes(EventFragments.who(session: context.session, token: context.token, tenant: charge.tenant, node: context.node)))
        out.append(.bytes(EventFragments.what(context)))
        out.append(.text(names(of: accounts)))
        for account in accounts {
            out.append(account.opening.map { .integer($0.micros) } ?? "")
            out.append(.integer(account.expires ?? 0))
        }
        for token in charge.lineage { out.append(.text(token.text)) }
        return out
    }

    private func refusal(
        _ verdict: String, _ elements: [RedisValue], _ accounts: [ChargedAccount]
    ) throws(StoreError) -> ReservationRefusal {
        switch verdict {
        case "session_gone": return .sessionGone
        case "revoked": return .revoked
        case "no_account", "insufficient":
            guard let index = elements[1].number, index >= 1, index <= accounts.count,
                let available = elements[2].number.flatMap({ Credits(micros: $0) }),
                let held = elements[3].number.flatMap({ Credits(micros: $0) })
            else { throw .corrupt("reserve") }
            let name = accounts[Int(index) - 1].name
            return verdict == "no_account" ? .noAccount(name) : .insufficient(name, available: available, held: held)
        default:
            guard let state = HoldState(rawValue: verdict) else { throw .corrupt("reserve") }
            return .ended(state)
        }
    }

    /// The accounts' names as a hold remembers them.
    func names(of accounts: [ChargedAccount]) -> String {
        if accounts.count == 1 { return accounts[0].name.text }
        var out = ""
        for account in accounts {
            if !out.isEmpty { out.append(" ") }
            out.append(account.name.text)
        }
        return out
    }
}
