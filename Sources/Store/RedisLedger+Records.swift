package import Governance
import Redis

extension RedisLedger: CallRecords {
    package func recall(_ record: CallRecord, of tenant: TenantName, waiter: NodeID) async throws(StoreError) -> Recollection {
        var command = ScriptCommand(scripts.recall, keys: 1, arguments: 2)
        command.key(tenants.keys(of: tenant).recordBase, record.name.text)
        command.argument(record.fingerprint)
        command.argument(waiter.text)
        let reply = try await redis.run(command)
        if reply.text == "nothing" { return .nothing }
        guard let elements = reply.elements else { throw .corrupt("recall") }
        return try Recollection(elements)
    }

    package func note(
        _ asked: [UInt8]?, of call: CallID, in record: RecordName, of tenant: TenantName
    ) async throws(StoreError) -> Bool {
        var command = ScriptCommand(scripts.recordNote, keys: 1, arguments: 2)
        command.key(tenants.keys(of: tenant).recordBase, record.text)
        command.argument(call.text)
        command.argument(asked ?? [])
        guard let answer = try await redis.run(command).number else { throw .corrupt("note") }
        return answer == 1
    }
}

extension Recollection {
    /// `recalled`, its kind, and what belongs to that.
    init(_ elements: RedisReply.Elements) throws(StoreError) {
        guard elements.count >= 2, let kind = elements[1].text else { throw .corrupt("record") }
        switch (kind, elements.count) {
        case ("conflict", 2): self = .conflict
        case ("done", 3...4):
            guard let charged = elements[2].number.flatMap({ Credits(micros: $0) }) else { throw .corrupt("record") }
            self = .done(charged: charged, report: elements.count == 4 ? elements[3].bytes : nil)
        case ("running", 4):
            guard let call = elements[2].text.flatMap({ CallID($0) }), let node = elements[3].text.flatMap({ NodeID($0) }) else {
                throw .corrupt("record")
            }
            self = .running(call: call, node: node)
        case ("asking", 3):
            guard let asked = elements[2].bytes else { throw .corrupt("record") }
            self = .asking(asked)
        default: throw .corrupt("record")
        }
    }
}
