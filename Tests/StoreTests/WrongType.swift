import Governance
import Redis
import Store
import Testing

/// An operation and the keys that it looks at.
struct WrongType: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let keys: @Sendable (TenantKeys, CallID, SessionID) -> [String]
    let run: @Sendable (Scene) async throws -> Void

    init(
        _ name: String, _ keys: @escaping @Sendable (TenantKeys, CallID, SessionID) -> [String],
        _ run: @escaping @Sendable (Scene) async throws -> Void
    ) {
        testDescription = name
        self.keys = keys
        self.run = run
    }

    static let team = AccountName.budget(BudgetName("team") ?? { preconditionFailure("a valid name") }())
    static func ending(_ keys: TenantKeys, _ call: CallID) -> [String] {
        [keys.hold(call), keys.holds, keys.head, keys.audit, keys.ledger, keys.account(team)]
    }

    static let all = plain + withTerms

    private static let plain: [WrongType] = [
        WrongType("reserve") { keys, _, session in
            [keys.holds, keys.revoked, keys.sessions, keys.account(team), keys.session(session)]
        } _: {
            try await $0.reserve()
        },
        WrongType("repeated reserve") { keys, call, _ in
            [keys.hold(call), keys.holds]
        } _: {
            try await $0.reserve(call: $0.open.charge.call)
        },
        WrongType("reserve that makes an account") { keys, _, session in
            [keys.holds, keys.revoked, keys.sessions, keys.head, keys.audit, keys.ledger, keys.session(session)]
        } _: {
            try await $0.reserve(.budget("other", 5))
        },
        WrongType("settle") { keys, call, _ in
            ending(keys, call)
        } _: {
            try await $0.settle($0.open)
        },
        WrongType("late settle") { keys, call, _ in
            ending(keys, call)
        } _: {
            try await $0.settle($0.lapsed)
        },
        WrongType("release") { keys, call, _ in
            ending(keys, call)
        } _: {
            _ = try await $0.world.ledger.release($0.open, outcome: .unsent)
        },
        WrongType("lapse") { keys, call, _ in
            ending(keys, call)
        } _: {
            _ = try await $0.world.ledger.lapse($0.due.charge.call, of: $0.world.tenant)
        },
        WrongType("extend") { keys, call, _ in
            [keys.hold(call), keys.holds]
        } _: {
            _ = try await $0.world.ledger.extend([$0.open.charge.call, $0.due.charge.call], of: $0.world.tenant, lease: 5)
        },
        WrongType("park") { keys, call, _ in
            [keys.hold(call), keys.holds, keys.parked(call)]
        } _: {
            _ = try await $0.world.ledger.park($0.world.round(1, of: $0.open.charge), life: 5)
        },
        WrongType("take") { keys, call, _ in
            [keys.parked(call), keys.revoked]
        } _: {
            _ = try await $0.world.ledger.take($0.world.round(1, of: $0.open.charge), by: CallID(), of: [.sample("a")], lease: 5)
        },
        WrongType("due") { keys, _, _ in
            [keys.holds]
        } _: {
            _ = try await $0.world.ledger.due(of: $0.world.tenant, limit: 5)
        },
        WrongType("open books") { keys, _, _ in
            [keys.head]
        } _: {
            try await $0.world.ledger.openBooks(of: $0.world.tenant)
        },
        WrongType("balance") { keys, _, _ in
            [keys.account(team)]
        } _: {
            _ = try await $0.world.ledger.balance(of: team, tenant: $0.world.tenant)
        },
        WrongType("record") { keys, _, _ in
            [keys.audit, keys.head, keys.ledger]
        } _: {
            let keys = KeyNames.standard.keys(of: $0.world.tenant)
            do {
                _ = try await $0.client.evaluate(
                    StoreScripts.embedded.record, keys: [keys.audit, keys.head, keys.ledger],
                    arguments: [.text(keys.events), 1, "upstream_up", 5, "\"nodeId\":\"n\"", ""])
            } catch RedisError.server(_, let message) { throw StoreError.corrupt(message) }
        },
        WrongType("open session") { keys, _, session in
            [keys.session(session), keys.sessions]
        } _: {
            try await $0.world.sessions.open($0.session)
        },
        WrongType("touch session") { keys, _, session in
            [keys.session(session), keys.sessions]
        } _: {
            _ = try await $0.world.sessions.touch($0.session.id, of: $0.world.tenant, transport: .streamable)
        },
        WrongType("close session") { keys, _, session in
            [keys.session(session), keys.sessions]
        } _: {
            _ = try await $0.world.sessions.close($0.session.id, of: $0.world.tenant)
        },
    ]
}
