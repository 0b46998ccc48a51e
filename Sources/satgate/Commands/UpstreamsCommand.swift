import ArgumentParser
import Governance
import Store
import Upstreams

/// `satgate upstreams`: what the cluster knows of tenants' upstreams.
struct UpstreamsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upstreams", abstract: "See how tenants' upstreams stand, try them, and approve changed tools.",
        subcommands: [UpstreamsListCommand.self, UpstreamsTestCommand.self, UpstreamsApproveCommand.self])
}

extension StoreOptions.Connection {
    var catalogue: RedisCatalogueDirectory { RedisCatalogueDirectory(redis: redis, names: names) }
    var upstreams: CatalogueMonitor { CatalogueMonitor(catalogue) }
}

/// A tenant's name on the command line; what breaks the rule of names is wrong usage.
func tenantName(_ text: String) throws -> TenantName {
    guard let tenant = TenantName(text) else { throw ValidationError("not a tenant's name: [a-z0-9][A-Za-z0-9._-]{0,63}") }
    return tenant
}
