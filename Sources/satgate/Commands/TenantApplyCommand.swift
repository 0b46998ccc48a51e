import ArgumentParser
import Governance
import Store

/// `satgate tenant apply`: writes the documents of a file that are others than the stored ones.
struct TenantApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Write the tenants of a file; nothing is written unless all are valid.",
        discussion: "Prints for each tenant: created, updated or unchanged, and its version. All running nodes follow at once.")

    @OptionGroup var source: TenantsFileOption
    @Flag(help: "Delete all stored tenants that are not in the file.")
    var prune = false
    @OptionGroup var store: StoreOptions

    func run() async throws {
        let tenants = try source.tenants(zones: try await store.zones())
        try await store.connected { connection in
            for tenant in tenants {
                let done = try await connection.tenants.apply(tenant, as: .apply, yielding: false)
                print("\(tenant.name) \(done.outcome.rawValue) version \(done.version)")
            }
            guard prune else { return }
            let kept = Set(tenants.map(\.name))
            for name in try await connection.tenants.names() where !kept.contains(name) {
                if try await connection.tenants.delete(name, of: nil) { print("\(name) deleted") }
            }
        }
    }
}
