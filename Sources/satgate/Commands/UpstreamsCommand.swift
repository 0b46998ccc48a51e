import ArgumentParser
import Governance
import Redis
import Store

/// `satgate upstreams`: what the cluster knows of tenants' upstreams.
struct UpstreamsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upstreams", abstract: "See how tenants' upstreams stand, and approve changed tools.",
        subcommands: [UpstreamsListCommand.self, UpstreamsApproveCommand.self])
}

extension StoreOptions.Connection {
    var catalogue: RedisCatalogueDirectory { RedisCatalogueDirectory(redis: redis, names: names) }

    /// The names of all tenants, in order.
    func tenantNames() async throws -> [TenantName] {
        let members = try await redis.send(["SMEMBERS", .text(names.tenants)], idempotent: true).elements ?? []
        return members.compactMap { $0.text.flatMap { TenantName($0) } }.sorted { $0.text < $1.text }
    }
}

/// A tenant's name on the command line; what breaks the rule of names is wrong usage.
func tenantName(_ text: String) throws -> TenantName {
    guard let tenant = TenantName(text) else { throw ValidationError("not a tenant's name: [a-z0-9][A-Za-z0-9._-]{0,63}") }
    return tenant
}
