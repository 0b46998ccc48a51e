import ArgumentParser
import Configuration
import Foundation
import Governance
import Logging
import NIOCore
import NIOPosix
import Store
import Upstreams

/// `satgate upstreams test`: speaks with the upstreams of a tenant from here, as a node with the same settings would.
struct UpstreamsTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Reach a tenant's upstreams from here and tell what they are, or why not.",
        discussion: "Exit 1 when one of them cannot be used. Secrets come from this command's environment and files.")

    @Argument(help: "The tenant's name.")
    var tenant: String
    @Argument(help: "The upstream's name; without it all of the tenant are tried.")
    var upstream: String?
    @Option(help: "How long one may take, such as 3s.")
    var within = "10s"
    @Flag(help: "Print JSON.")
    var json = false
    @OptionGroup var store: StoreOptions

    func validate() throws {
        _ = try tenantName(tenant)
        guard Milliseconds(within) != nil else { throw ValidationError("--within must be a duration like 3s") }
    }

    func run() async throws {
        try await store.connected { connection in
            let reports = try await reports(connection)
            print(json ? try TrialReport.json(reports) : TrialReport.lines(reports), terminator: "")
            guard reports.allSatisfy(\.isGood) else { throw ExitCode.failure }
        }
    }

    /// What came of trying, in document order.
    func reports(_ connection: StoreOptions.Connection) async throws -> [TrialReport] {
        let name = try tenantName(tenant)
        guard let stored = try await connection.tenants.find(name) else { throw TenantFailure.unknown(name) }
        let documents = stored.tenant.upstreams.filter { upstream == nil || $0.name.text == upstream }
        guard !documents.isEmpty else { throw Unknown(description: "no upstream \(upstream.map(printable) ?? "") of \(name)") }
        let environment = ProcessInfo.processInfo.environment
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let trial = try UpstreamTrial(
            group: group, version: SatGateVersion.text,
            egress: try await EgressPolicy(ConfigReader(settingsIn: store.config, environment: environment)), environment: environment,
            guardian: ProcessGuard.own, logger: Logger(label: "satgate", level: .critical))
        let time = TimeAmount.milliseconds(Milliseconds(within)?.count ?? 10_000)
        let reports = await withTaskGroup(of: (Int, TrialReport).self) { tasks in
            for (index, document) in documents.enumerated() {
                tasks.addTask { (index, TrialReport(document.name, await trial.run(document, of: name, within: time))) }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        try await group.shutdownGracefully()
        return reports.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// Nothing to try.
    private struct Unknown: Error, CustomStringConvertible {
        let description: String
    }
}

/// What came of trying one upstream.
struct TrialReport: Encodable, Hashable {
    let upstream: String
    /// `up` or `down`.
    let standing: String
    let reason: String?
    let transport: String?
    let revision: String?
    let server: String?
    let tools: Int?
    let latencyMs: Int64?

    init(_ upstream: UpstreamName, _ result: Result<UpstreamTrial.Finding, UpstreamFailure>) {
        let finding = try? result.get()
        self.upstream = upstream.text
        standing = finding == nil ? "down" : "up"
        reason = if case .failure(let failure) = result { failure.reason } else { nil }
        transport = finding?.terms.transport.rawValue
        revision = finding?.terms.revision
        server = finding?.server
        tools = finding?.tools
        latencyMs = finding?.latency
    }

    var isGood: Bool { standing == "up" }

    /// One line with a JSON array.
    static func json(_ reports: [TrialReport]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(reports), as: UTF8.self) + "\n"
    }

    /// One line each.
    static func lines(_ reports: [TrialReport]) -> String {
        let width = reports.map(\.upstream.count).max() ?? 0
        return reports.map { report in
            let name = padded(report.upstream, width)
            guard report.isGood else { return "\(name)  down: \(printable(report.reason ?? ""))\n" }
            let facts = [
                "up", report.transport, report.revision.map(printable), report.tools.map { "\($0) tools" },
                report.latencyMs.map { "\($0) ms" }, report.server.map(printable),
            ]
            return "\(name)  \(facts.compactMap { $0 }.joined(separator: "  "))\n"
        }.joined()
    }
}
