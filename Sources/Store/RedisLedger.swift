package import Governance
package import Redis

/// The books in Redis: each operation is one script that checks everything before it writes anything.
package final class RedisLedger: Ledger {
    let redis: RedisClient
    let scripts: StoreScripts
    let tenants: TenantKeyCache
    /// The channel by which nodes are told to give slices back.
    let control: String
    /// Milliseconds for which an ended hold is remembered.
    let remembered: Int64
    /// The largest report that is kept, and all of a tenant's together, bytes.
    let reportLimit: Int
    let reportsLimit: Int64
    /// What this node has seen of accounts, and what becomes of those that have lost writes.
    let known: KnownBooks
    let rollback: RollbackPolicy
    /// Who tells of that.
    let node: NodeID?

    package init(
        redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded, remembered: Int64 = 600_000,
        reportLimit: Int = 256 << 10, reportsLimit: Int64 = 64 << 20, rollback: RollbackPolicy = .refuse, node: NodeID? = nil,
        remembering accounts: Int = 10_000
    ) {
        self.known = KnownBooks(capacity: accounts)
        self.rollback = rollback
        self.node = node
        self.reportLimit = reportLimit
        self.reportsLimit = reportsLimit
        self.redis = redis
        self.scripts = scripts
        self.remembered = remembered
        tenants = TenantKeyCache(names)
        control = names.control
    }

    package func openBooks(of tenant: TenantName) async throws(StoreError) {
        let epoch = CallID().text
        _ = try await redis.command(["HSETNX", .text(tenants.keys(of: tenant).head), "epoch", .text(epoch)])
    }

    package func extend(_ holds: [OpenHold], of tenant: TenantName, lease: Int64) async throws(StoreError) -> [CallID: HoldState] {
        let keys = tenants.keys(of: tenant)
        var states: [CallID: HoldState] = [:]
        for start in stride(from: 0, to: holds.count, by: 256) {
            let batch = holds[start..<min(start + 256, holds.count)]
            let kept = batch.compactMap { hold in hold.record.map { (record: $0, call: hold.call) } }
            let reply = try await redis.run(
                scripts.extend, keys: [keys.holds] + batch.map { keys.hold($0.call) } + kept.map { keys.record($0.record) },
                arguments: [.integer(lease), .integer(remembered), .integer(Int64(batch.count))]
                    + (batch.map(\.call) + kept.map(\.call)).map { .text($0.text) })
            guard let answers = reply.elements, answers.count == batch.count else { throw .corrupt("extend") }
            for (hold, answer) in zip(batch, answers) { states[hold.call] = try HoldState(answer) }
        }
        return states
    }

    package func lapse(_ call: CallID, of tenant: TenantName) async throws(StoreError) -> HoldState {
        let keys = tenants.keys(of: tenant)
        // A script may only touch keys it is given, so the accounts of the hold, which never change, are asked for first.
        let names = try await redis.command(["HGET", .text(keys.hold(call)), "accounts"]).text ?? ""
        var scriptKeys = keys.ofHold(call)
        for name in names.split(separator: " ") {
            guard let account = AccountName(name) else { throw .corrupt("accounts of a hold") }
            scriptKeys.append(keys.account(account))
        }
        let arguments: [RedisArgument] = [.text(call.text), .text(keys.events), .integer(remembered), .text(names)]
        return try HoldState(try await redis.run(scripts.lapse, keys: scriptKeys, arguments: arguments))
    }

    package func due(of tenant: TenantName, limit: Int) async throws(StoreError) -> DueHolds {
        let reply = try await redis.run(
            scripts.due, keys: [tenants.keys(of: tenant).holds], arguments: [.integer(Int64(max(0, limit)))])
        guard let elements = reply.elements, let open = elements.first?.number else { throw .corrupt("due") }
        return DueHolds(calls: callIDs(elements.dropFirst()), anyOpen: open > 0)
    }

    package func balance(of account: AccountName, tenant: TenantName) async throws(StoreError) -> Balance? {
        let key = tenants.keys(of: tenant).account(account)
        let reply = try await redis.command(["HMGET", .text(key)] + BalanceText.fields)
        return try BalanceText.balance(reply.elements ?? [], of: account)
    }
}

/// The call ids of a reply; what is none is not ours and left out.
func callIDs(_ values: some Sequence<RedisValue>) -> [CallID] { values.compactMap { $0.text.flatMap { CallID($0) } } }

/// The call ids of a reply; what is none is not ours and left out.
func callIDs(_ values: some Sequence<RedisReply>) -> [CallID] { values.compactMap { $0.text.flatMap { CallID($0) } } }

extension HoldState {
    /// The state as a script spells it.
    init(_ value: RedisValue) throws(StoreError) { try self.init(spelled: value.text) }

    /// The state as a script spells it.
    init(_ value: RedisReply) throws(StoreError) { try self.init(spelled: value.text) }

    private init(spelled text: String?) throws(StoreError) {
        guard let state = text.flatMap(HoldState.init(rawValue:)) else { throw .corrupt("state of a hold") }
        self = state
    }
}

extension TenantKeys {
    /// What each script that ends a hold is given ahead of the accounts.
    func ofHold(_ call: CallID) -> [String] { [hold(call), holds, head, audit, ledger] }
}
