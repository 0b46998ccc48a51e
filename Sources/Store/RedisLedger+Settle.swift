package import Governance
import Redis

extension RedisLedger {
    package func settle(_ hold: Hold, cost: Credits, outcome: CallOutcome, report: [UInt8]?) async throws(StoreError) -> Receipt {
        let charge = hold.charge
        let keys = tenants.keys(of: charge.tenant)
        let isKept = report.map { $0.count <= reportLimit } ?? false
        var command = ending(charge, by: scripts.settle, records: 3, arguments: 10 + 2 * charge.charged.count)
        command.argument(charge.call)
        command.argument(cost.micros)
        command.argument(outcome.kind.rawValue)
        command.argument(outcome.duration)
        command.argument(keys.events)
        command.argument(remembered)
        command.argument(names(of: charge.charged))
        command.argument(charge.record == nil ? "" : "1")
        command.argument(isKept ? report ?? [] : [])
        command.argument(reportsLimit)
        for account in charge.charged {
            command.argument(account.window?.first ?? 0)
            command.argument(account.window?.second ?? 0)
        }
        let (reply, isDurable) = try await redis.run(command, charge.durability)
        guard let elements = reply.elements, elements.count == 5, let charged = elements[1].number.flatMap({ Credits(micros: $0) }),
            let remaining = elements[2].number
        else { throw .corrupt("settle") }
        let now = redis.now()
        known.learn(elements[3].bytes ?? [], of: charge.charged, tenant: charge.tenant, at: now)
        if !isDurable { throw .notDurable }
        let state = try HoldState(elements[0])
        if state == .settled { known.learn(charge.call, settledIn: charge.charged, tenant: charge.tenant, at: now) }
        return Receipt(state: state, charged: charged, remaining: Credits(micros: remaining), waiters: waiters(elements[4]))
    }

    package func release(_ hold: Hold, outcome: CallOutcome) async throws(StoreError) -> Receipt {
        let charge = hold.charge
        let context = charge.context
        let keys = tenants.keys(of: charge.tenant)
        var command = ending(charge, by: scripts.release, records: 1, arguments: 9)
        command.argument(charge.call)
        command.argument(outcome.kind.rawValue)
        command.argument(outcome.duration)
        command.argument(keys.events)
        command.argument(remembered)
        command.argument(names(of: charge.charged))
        command.argument(who: context, of: charge.tenant)
        command.argument(what: context)
        command.argument(charge.record == nil ? "" : "1")
        guard let elements = try await redis.run(command).elements, elements.count == 2 else { throw .corrupt("release") }
        return Receipt(state: try HoldState(elements[0]), charged: .zero, remaining: nil, waiters: waiters(elements[1]))
    }

    private func waiters(_ value: RedisReply) -> [NodeID] {
        guard let text = value.text, !text.isEmpty else { return [] }
        return text.split(separator: " ").compactMap { NodeID($0) }
    }

    /// A script that ends the charge's hold, with its keys: of those of records as many as it takes, where the charge has one.
    private func ending(_ charge: Charge, by script: Script, records: Int, arguments: Int) -> ScriptCommand {
        let keys = tenants.keys(of: charge.tenant)
        var command = ScriptCommand(
            script, keys: 5 + charge.charged.count + (charge.record == nil ? 0 : records), arguments: arguments)
        command.key(keys.holdBase, charge.call)
        command.keys(keys.ending)
        for account in charge.charged { command.key(keys.accountBase, account.name.text) }
        guard let record = charge.record else { return command }
        command.key(keys.recordBase, record.name.text)
        if records > 1 {
            command.key(keys.reports)
            command.key(keys.reportsSize)
        }
        return command
    }
}
