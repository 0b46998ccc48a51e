package import Governance
import Redis

extension RedisLedger {
    package func settle(_ hold: Hold, cost: Credits, outcome: CallOutcome, report: [UInt8]?) async throws(StoreError) -> Receipt {
        let charge = hold.charge
        let keys = tenants.keys(of: charge.tenant)
        var command = ending(charge, by: scripts.settle, arguments: 7)
        command.argument(charge.call.text)
        command.argument(cost.micros)
        command.argument(outcome.kind.rawValue)
        command.argument(outcome.duration)
        command.argument(keys.events)
        command.argument(remembered)
        command.argument(names(of: charge.accounts))
        let reply = try await redis.run(command)
        guard let elements = reply.elements, elements.count == 3, let charged = elements[1].number.flatMap({ Credits(micros: $0) }),
            let remaining = elements[2].number
        else { throw .corrupt("settle") }
        return Receipt(state: try HoldState(elements[0]), charged: charged, remaining: Credits(micros: remaining))
    }

    package func release(_ hold: Hold, outcome: CallOutcome) async throws(StoreError) -> Receipt {
        let charge = hold.charge
        let context = charge.context
        let keys = tenants.keys(of: charge.tenant)
        var command = ending(charge, by: scripts.release, arguments: 8)
        command.argument(charge.call.text)
        command.argument(outcome.kind.rawValue)
        command.argument(outcome.duration)
        command.argument(keys.events)
        command.argument(remembered)
        command.argument(names(of: charge.accounts))
        command.argument(EventFragments.who(session: context.session, token: context.token, tenant: charge.tenant, node: context.node))
        command.argument(EventFragments.what(context))
        return Receipt(state: try HoldState(try await redis.run(command)), charged: .zero, remaining: nil)
    }

    /// A script that ends the charge's hold, with its keys.
    private func ending(_ charge: Charge, by script: Script, arguments: Int) -> ScriptCommand {
        let keys = tenants.keys(of: charge.tenant)
        var command = ScriptCommand(script, keys: 5 + charge.accounts.count, arguments: arguments)
        command.key(keys.holdBase, charge.call.text)
        command.key(keys.holds)
        command.key(keys.head)
        command.key(keys.audit)
        command.key(keys.ledger)
        for account in charge.accounts { command.key(keys.accountBase, account.name.text) }
        return command
    }
}
