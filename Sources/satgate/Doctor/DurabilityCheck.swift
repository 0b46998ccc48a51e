import Governance
import Redis
import Store

/// Looks whether durable tenants wait for all replicas that could be promoted.
struct DurabilityCheck {
    private static let area = "tenants"
    let connection: StoreOptions.Connection

    func findings() async throws -> [Finding] {
        var replicas: [ServerAddress?: Int] = [:]
        var findings: [Finding] = []
        for name in try await connection.tenants.names() {
            guard case .durable(let wanted, _)? = try? await connection.tenants.find(name)?.tenant.durability else { continue }
            let owner = connection.redis.owner(of: connection.names.keys(of: name).tenant)
            if replicas[owner] == nil { replicas[owner] = try await count(at: owner) }
            findings.append(Self.finding(name, waitsFor: wanted, of: replicas[owner] ?? 0))
        }
        return findings
    }

    /// The replicas that follow the master; nil: the only one.
    private func count(at master: ServerAddress?) async throws -> Int {
        let shard = connection.redis.shards?.first { $0.master == master }
        let command: [RedisArgument] = ["INFO", "replication"]
        let info = if let shard { try await connection.redis.send(command, to: shard) } else { try await connection.redis.send(command) }
        return RedisCheck.facts(info.text ?? "")["connected_slaves"].flatMap { Int($0) } ?? 0
    }

    private static func finding(_ tenant: TenantName, waitsFor wanted: Int, of replicas: Int) -> Finding {
        let what = "\(tenant) waits for \(wanted) of its master's \(replicas) replicas"
        if wanted > replicas {
            return .failure(
                area, what, why: "every paid call is refused (not_durable)", fix: "give the master more, or the tenant's document fewer")
        }
        if wanted < replicas {
            return .warning(
                area, what, why: "where one of the others is promoted, charges that were told as durable are lost",
                fix: "durability: {mode: durable, replicas: \(replicas)} in the tenant's document")
        }
        return .good(area, "\(what): any of them may be promoted")
    }
}
