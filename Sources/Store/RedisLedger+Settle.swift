package import Governance
import Redis

extension RedisLedger {
    package func settle(_ hold: Hold, cost: Credits, outcome: CallOutcome) async throws(StoreError) -> Receipt {
        let charge = hold.charge
        let keys = tenants.keys(of: charge.tenant)
        let reply = try await redis.run(
            scripts.settle, keys: endKeys(of: charge, keys),
            arguments: [
                .text(charge.call.text), .integer(cost.micros), .text(outcome.kind.rawValue), .integer(outcome.duration),
                .text(keys.events), .integer(remembered), .text(names(of: charge.accounts)),
            ])
        guard let elements = reply.elements, elements.count == 3, let charged = elements[1].number.flatMap({ Credits(micros: $0) }),
            let remaining = elements[2].number
        else { throw .corrupt("settle") }
        return Receipt(state: try HoldState(elements[0]), charged: charged, remaining: Credits(micros: remaining))
    }

    package func release(_ hold: Hold, outcome: CallOutcome) async throws(StoreError) -> HoldState {
        let charge = hold.charge
        let context = charge.context
        let keys = tenants.keys(of: charge.tenant)
        let who = EventFragments.who(session: context.session, token: context.token, tenant: charge.tenant, node: context.node)
        let reply = try await redis.run(
            scripts.release, keys: endKeys(of: charge, keys),
            arguments: [
                .text(charge.call.text), .text(outcome.kind.rawValue), .integer(outcome.duration), .text(keys.events),
                .integer(remembered), .text(names(of: charge.accounts)), .bytes(who), .bytes(EventFragments.what(context)),
            ])
        return try HoldState(reply)
    }

    private func endKeys(of charge: Charge, _ keys: TenantKeys) -> [String] {
        var out = keys.ofHold(charge.call)
        out.reserveCapacity(5 + charge.accounts.count)
        for account in charge.accounts { out.append(keys.account(account.name)) }
        return out
    }
}
