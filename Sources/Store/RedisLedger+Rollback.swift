import Governance
import Redis

/// What becomes of an account that has lost writes which a node has seen.
package enum RollbackPolicy: String, Sendable, CaseIterable {
    /// Every node refuses it until an operator lets it go on.
    case refuse
    /// It goes on from the books that are left.
    case resume
}

extension RedisLedger {
    /// What a look at an account that was seen with later books led to.
    enum Review: String {
        /// It has not lost anything, or was resumed.
        case current
        /// Nobody may charge it.
        case marked
        /// It goes on with what is left.
        case resumed
        /// It is missing, and may be made anew.
        case anew
    }

    /// Looks, each time that Redis is another server than before, whether accounts that this node has seen have lost writes; until cancelled.
    package func watchServers() async {
        for await _ in redis.newServers() { await reviewAll() }
    }

    /// Milliseconds for which an account is there at least after it was charged, less an hour: caps and delegated budgets end.
    private static let life: Int64 = 23 * 3_600_000

    /// Looks at all accounts that this node has seen lately. What cannot be asked now is compared when it is next charged.
    private func reviewAll() async {
        let known = Dictionary(grouping: known.seen(since: redis.now() - Self.life)) { $0.key.tenant }
        for (tenant, accounts) in known {
            for start in stride(from: 0, to: accounts.count, by: 64) {
                let batch = accounts[start..<min(start + 64, accounts.count)].map { ($0.key.account, $0.value) }
                _ = try? await review(batch, of: tenant)
            }
        }
    }

    /// Looks at the account because its books were refused. What this node has not seen, or has forgotten because another call of its own has let
    /// the account go on meanwhile, cannot be compared: the books say themselves whether they are marked.
    func review(_ account: AccountName, of tenant: TenantName) async throws(StoreError) -> Review {
        guard let version = known.version(of: account, tenant: tenant) else { return .current }
        return try await review([(account, version)], of: tenant).first ?? .marked
    }

    /// Compares the accounts with what this node has seen of them; of those that have lost writes it tells, and marks or resumes them.
    private func review(
        _ accounts: [(name: AccountName, version: KnownBooks.Version)], of tenant: TenantName
    ) async throws(StoreError) -> [Review] {
        let keys = tenants.keys(of: tenant)
        var arguments: [RedisArgument] = [
            .text(keys.events), .bytes(EventFragments.who(session: nil, token: nil, tenant: tenant, node: node)),
            .text(rollback.rawValue), .text(CallID().text), .integer(Int64(accounts.count)),
        ]
        var scriptKeys = [keys.head, keys.audit, keys.ledger] + accounts.map { keys.account($0.name) }
        // Longer than half of that some may be forgotten by the time that Redis is asked.
        let since = redis.now() - remembered / 2
        var fields: [RedisArgument] = []
        for (name, version) in accounts {
            let settled = version.settled.filter { $0.time > since }
            arguments += [.text(name.text), .text(version.epoch), .integer(version.version), .integer(Int64(settled.count))]
            scriptKeys += settled.map { keys.hold($0.slice ?? $0.call) }
            fields += settled.map { $0.slice == nil ? "state" : .text($0.call.text) }
        }
        let reply = try await redis.run(scripts.rollback, keys: scriptKeys, arguments: arguments + fields)
        let reviews = (reply.elements ?? []).compactMap { $0.text.flatMap(Review.init(rawValue:)) }
        guard reviews.count == accounts.count else { throw .corrupt("rollback") }
        for (account, review) in zip(accounts, reviews) where review == .resumed || review == .anew {
            known.forget(account.name, tenant: tenant)
        }
        return reviews
    }
}
