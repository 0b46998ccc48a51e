import ArgumentParser
import Foundation
import Governance
import Store
import Upstreams

/// `satgate upstreams approve`: lets tools be offered again whose definitions have changed since they were first seen.
struct UpstreamsApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Approve the definitions of an upstream's tools as they are listed now.")

    @Argument(help: "The tenant's name.")
    var tenant: String
    @Argument(help: "The upstream's name.")
    var upstream: String
    @Argument(help: "The tool's own name; without it all tools of the upstream are approved.")
    var tool: String?
    @OptionGroup var store: StoreOptions

    func validate() throws {
        _ = try tenantName(tenant)
        _ = try upstreamName()
    }

    func run() async throws {
        try await store.connected { print(try await output($0), terminator: "") }
    }

    /// Approves, and answers what is printed.
    func output(_ connection: StoreOptions.Connection) async throws -> String {
        let (tenant, upstream) = (try tenantName(tenant), try upstreamName())
        guard try await connection.upstreams.approve(tool, of: upstream, tenant: tenant, by: Operator.name) else {
            throw UpstreamFailure(description: "nothing is known of \(tool.map { "\(printable($0)) of " } ?? "")\(upstream) of \(tenant)")
        }
        return "\(tool.map(printable) ?? "all tools") of \(upstream) approved\n"
    }

    private func upstreamName() throws -> UpstreamName {
        guard let name = UpstreamName(upstream) else { throw ValidationError("not an upstream's name: [a-z][a-z0-9-]{0,31}") }
        return name
    }

    /// Why it was not done.
    private struct UpstreamFailure: Error, CustomStringConvertible {
        let description: String
    }
}
