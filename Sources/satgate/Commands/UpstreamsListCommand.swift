import ArgumentParser
import Foundation
import Governance
import Store
import Upstreams

/// `satgate upstreams list`: how each upstream stands, as the node that looks after its tenant last found it.
struct UpstreamsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List upstreams and how they stand.")

    @Option(help: "Only this tenant's.")
    var tenant: String?
    @Flag(help: "Print JSON.")
    var json = false
    @OptionGroup var options: WatchOptions
    @OptionGroup var store: StoreOptions

    func validate() throws { _ = try tenant.map(tenantName) }

    func run() async throws { try await options.show(store) { try await output($0) } }

    /// What is printed.
    func output(_ connection: StoreOptions.Connection) async throws -> String {
        var reports: [UpstreamReport] = []
        let tenants = if let tenant { [try tenantName(tenant)] } else { try await connection.tenants.names() }
        for tenant in tenants {
            reports += try await connection.upstreams.standings(of: tenant).map(UpstreamReport.init)
        }
        return json ? try UpstreamReport.json(reports) : UpstreamReport.table(reports)
    }
}
