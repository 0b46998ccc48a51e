package import Governance
import Redis

extension RedisLedger {
    package func reserve(_ charge: Charge) async throws(StoreError) -> Reservation {
        let accounts = charge.amount == .zero ? [] : charge.accounts
        let reply = try await redis.run(reserveCommand(for: charge, accounts))
        if case .string(let word) = reply, word.elementsEqual("granted".utf8) {
            return .granted(accounts.isEmpty ? nil : Hold(charge: charge), excess: nil, due: [])
        }
        guard let elements = reply.elements, elements.count >= 4, let verdict = elements[0].text else { throw .corrupt("reserve") }
        let due = elements.count == 4 ? [] : callIDs(elements.dropFirst(4))
        if verdict == "granted" { return .granted(accounts.isEmpty ? nil : Hold(charge: charge), excess: nil, due: due) }
        return .refused(try refusal(verdict, elements, accounts), due: due)
    }

    private func reserveCommand(for charge: Charge, _ accounts: [ChargedAccount]) -> ScriptCommand {
        let keys = tenants.keys(of: charge.tenant)
        var command = ScriptCommand(
            scripts.reserve, keys: 7 + accounts.count + (charge.session == nil ? 0 : 1),
            arguments: 9 + 2 * accounts.count + charge.lineage.count)
        command.key(keys.holdBase, charge.call.text)
        command.key(keys.holds)
        command.key(keys.revoked)
        command.key(keys.sessions)
        command.key(keys.head)
        command.key(keys.audit)
        command.key(keys.ledger)
        for account in accounts { command.key(keys.accountBase, account.name.text) }
        if let session = charge.session { command.key(keys.sessionBase, session.text) }
        add(charge, accounts, keys, to: &command)
        return command
    }

    private func add(_ charge: Charge, _ accounts: [ChargedAccount], _ keys: TenantKeys, to command: inout ScriptCommand) {
        let context = charge.context
        command.argument(charge.call.text)
        command.argument(charge.amount.micros)
        command.argument(charge.lease)
        command.argument(charge.session?.text ?? "")
        command.argument(charge.renewsSession ? charge.transport.lifetime : 0)
        command.argument(keys.events)
        command.argument(EventFragments.who(session: context.session, token: context.token, tenant: charge.tenant, node: context.node))
        command.argument(EventFragments.what(context))
        command.argument(names(of: accounts))
        for account in accounts {
            if let opening = account.opening { command.argument(opening.micros) } else { command.argument("") }
            command.argument(account.expires ?? 0)
        }
        for token in charge.lineage { command.argument(token.text) }
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
