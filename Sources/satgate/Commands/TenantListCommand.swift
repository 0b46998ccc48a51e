import ArgumentParser
import Governance
import Store

/// `satgate tenant list`: all stored tenants.
struct TenantListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the tenants.")

    @Flag(help: "Print JSON.")
    var json = false
    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await store.connected { connection in
            var stored: [StoredTenant] = []
            for name in try await connection.tenants.names() {
                if let tenant = try await connection.tenants.find(name) { stored.append(tenant) }
            }
            print(json ? DocumentValue.list(stored.map(Self.entry)).json + "\n" : Self.table(stored), terminator: "")
        }
    }

    private static func entry(_ stored: StoredTenant) -> DocumentValue {
        .object(stored.facts.merging(["upstreams": .list(stored.tenant.upstreams.map { .text($0.name.text) })]) { first, _ in first })
    }

    private static func table(_ stored: [StoredTenant]) -> String {
        let width = stored.map(\.tenant.name.text.count).max() ?? 0
        return stored.map { stored in
            let upstreams = stored.tenant.upstreams.map(\.name.text).joined(separator: ",")
            return
                "\(padded(stored.tenant.name.text, width))  version \(stored.version)  \(padded(stored.source.rawValue, 5))  \(upstreams)\n"
        }.joined()
    }
}
