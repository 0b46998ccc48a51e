import ArgumentParser
import Governance
import Store

/// `satgate tenant delete`: removes a document; nodes refuse the tenant's tokens from then on.
struct TenantDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a tenant's document; its books stay, and count again should it be applied again.")

    @OptionGroup var argument: TenantArgument
    @OptionGroup var store: StoreOptions

    func run() async throws {
        let name = try argument.tenant()
        try await store.connected { connection in
            guard try await connection.tenants.delete(name, of: nil) else { throw TenantFailure.unknown(name) }
            print("\(name) deleted")
        }
    }
}
