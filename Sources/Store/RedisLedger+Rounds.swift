package import Governance
import Redis

extension RedisLedger: Rounds {
    package func park(_ round: Round, life: Int64) async throws(StoreError) -> Parking {
        let keys = tenants.keys(of: round.tenant)
        var command = ScriptCommand(scripts.roundPark, keys: round.record == nil ? 3 : 4, arguments: 5)
        command.key(keys.holdBase, round.call.text)
        command.key(keys.holds)
        command.key(keys.parkedBase, round.call.text)
        if let record = round.record { command.key(keys.recordBase, record.text) }
        command.argument(round.call.text)
        command.argument(Int64(round.number))
        command.argument(life)
        command.argument(round.isHeld ? 1 : 0)
        add(lifeOf: round.record, to: &command)
        guard let outcome = try await redis.run(command).text.flatMap({ Parking(rawValue: $0) }) else { throw .corrupt("parking") }
        return outcome
    }

    package func take(_ round: Round, by taker: CallID, of lineage: [TokenID], lease: Int64) async throws(StoreError) -> Taking {
        let keys = tenants.keys(of: round.tenant)
        var command = ScriptCommand(scripts.roundTake, keys: round.record == nil ? 4 : 5, arguments: 6 + lineage.count)
        command.key(keys.holdBase, round.call.text)
        command.key(keys.holds)
        command.key(keys.parkedBase, round.call.text)
        command.key(keys.revoked)
        if let record = round.record { command.key(keys.recordBase, record.text) }
        command.argument(round.call.text)
        command.argument(Int64(round.number))
        command.argument(round.isHeld ? 1 : 0)
        command.argument(taker.text)
        command.argument(lease)
        add(lifeOf: round.record, to: &command)
        for token in lineage { command.argument(token.text) }
        guard let outcome = try await redis.run(command).text.flatMap({ Taking(rawValue: $0) }) else { throw .corrupt("taking") }
        return outcome
    }

    private func add(lifeOf record: RecordName?, to command: inout ScriptCommand) {
        if record == nil { command.argument("") } else { command.argument(remembered) }
    }
}
