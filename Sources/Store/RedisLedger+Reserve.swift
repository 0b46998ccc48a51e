package import Governance
import Redis

extension RedisLedger {
    package func reserve(_ charge: Charge) async throws(StoreError) -> Reservation {
        var reservation = try await attempt(charge)
        // An account that goes on, or may be made anew, is asked again; each at most once.
        for _ in charge.charged {
            guard let account = reservation.rolledBack else { break }
            let review = try await review(account, of: charge.tenant)
            guard case .refused = reservation, review != .marked else { break }
            reservation = try await attempt(charge)
        }
        return reservation
    }

    private func attempt(_ charge: Charge) async throws(StoreError) -> Reservation {
        let accounts = charge.charged
        let hold = accounts.isEmpty && charge.record == nil ? nil : Hold(charge: charge)
        let (reply, isDurable) = try await redis.run(reserveCommand(for: charge, accounts), hold == nil ? .async : charge.durability)
        let reservation = try reservation(reply, hold, accounts)
        switch reservation {
        case .granted, .recalled(.done): if !isDurable { throw .notDurable }
        case .recalled, .refused: break
        }
        return reservation
    }

    private func reservation(_ reply: RedisReply, _ hold: Hold?, _ accounts: [ChargedAccount]) throws(StoreError) -> Reservation {
        if reply.spells("granted") { return .granted(hold, excess: nil, due: []) }
        guard let elements = reply.elements, let verdict = elements.first?.text else { throw .corrupt("reserve") }
        if verdict == "recalled" {
            let found = try Recollection(elements)
            return found == .conflict ? .refused(.conflict, due: []) : .recalled(found)
        }
        guard elements.count >= 4 else { throw .corrupt("reserve") }
        let due = elements.count == 4 ? [] : callIDs(elements.dropFirst(4))
        guard verdict.hasPrefix("granted") else { return .refused(try refusal(verdict, elements, accounts), due: due) }
        // "granted <why it would have been refused>"
        let reason = verdict.dropFirst(8)
        return .granted(hold, excess: reason.isEmpty ? nil : try refusal(String(reason), elements, accounts), due: due)
    }

    private func reserveCommand(for charge: Charge, _ accounts: [ChargedAccount]) -> ScriptCommand {
        let keys = tenants.keys(of: charge.tenant)
        let optional = (charge.session == nil ? 0 : 1) + (charge.record == nil ? 0 : 1)
        var command = ScriptCommand(
            scripts.reserve, keys: 7 + accounts.count + charge.rates.count + optional,
            arguments: 14 + 7 * accounts.count + 2 * charge.rates.count + charge.lineage.count)
        command.key(keys.holdBase, charge.call)
        command.keys(keys.reserving)
        for account in accounts { command.key(keys.accountBase, account.name.text) }
        for rate in charge.rates { command.key(keys.rateBase, rate.subject) }
        if let record = charge.record { command.key(keys.recordBase, record.name.text) }
        if let session = charge.session { command.key(keys.sessionBase, session) }
        add(charge, keys, to: &command)
        command.argument(names(of: accounts))
        command.argument(charge.record?.fingerprint ?? "")
        command.argument(charge.context.node.text)
        command.argument(charge.record?.supplants?.text ?? "")
        command.argument(remembered)
        command.argument(Int64(charge.rates.count))
        for account in accounts { add(account, of: charge.tenant, to: &command) }
        for rate in charge.rates {
            command.argument(rate.interval)
            command.argument(rate.tolerance)
        }
        for token in charge.lineage { command.argument(token) }
        return command
    }

    private func add(_ charge: Charge, _ keys: TenantKeys, to command: inout ScriptCommand) {
        let context = charge.context
        command.argument(charge.call)
        command.argument(charge.amount.micros)
        command.argument(charge.lease)
        command.argument(charge.session)
        command.argument(charge.renewsSession ? charge.transport.lifetime : 0)
        command.argument(keys.events)
        command.argument(who: context, of: charge.tenant)
        command.argument(what: context)
    }

    private func add(_ account: ChargedAccount, of tenant: TenantName, to command: inout ScriptCommand) {
        if let opening = account.opening { command.argument(opening.micros) } else { command.argument("") }
        command.argument(account.expires ?? 0)
        command.argument(account.isLenient ? "1" : "")
        command.argument(account.window?.first ?? 0)
        command.argument(account.window?.second ?? 0)
        guard let seen = known.version(of: account.name, tenant: tenant) else {
            command.argument("")
            return command.argument(0)
        }
        command.argument(seen.epoch)
        command.argument(seen.version)
    }

    private func refusal(
        _ verdict: String, _ elements: RedisReply.Elements, _ accounts: [ChargedAccount]
    ) throws(StoreError) -> ReservationRefusal {
        switch verdict {
        case "session_gone": return .sessionGone
        case "revoked": return .revoked
        case "rate_limited":
            guard let wait = elements[2].number else { throw .corrupt("reserve") }
            return .rateLimited(retryAfter: wait)
        case "no_account", "insufficient", "rolled_back":
            guard let index = elements[1].number, index >= 1, index <= accounts.count,
                let available = elements[2].number.flatMap({ Credits(micros: $0) }),
                let held = elements[3].number.flatMap({ Credits(micros: $0) })
            else { throw .corrupt("reserve") }
            let name = accounts[Int(index) - 1].name
            if verdict == "insufficient" { return .insufficient(name, available: available, held: held) }
            return verdict == "no_account" ? .noAccount(name) : .rolledBack(name)
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

extension Reservation {
    /// The account because of which it is refused, or would be, as one that has lost writes.
    fileprivate var rolledBack: AccountName? {
        switch self {
        case .refused(.rolledBack(let account), _), .granted(_, .rolledBack(let account)?, _): account
        case .refused, .granted, .recalled: nil
        }
    }
}

extension Charge {
    /// The accounts in which it is booked: a price of nothing has none.
    var charged: [ChargedAccount] { amount == .zero ? [] : accounts }
}

extension RateLimit {
    /// How far ahead of its rate a subject may be, microseconds.
    fileprivate var tolerance: Int64 {
        let (product, overflows) = interval.multipliedReportingOverflow(by: burst)
        return overflows ? Credits.bound - 1 : min(product, Credits.bound - 1)
    }
}
