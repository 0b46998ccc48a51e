import ArgumentParser
import Console
import Demo
import Foundation
import Gateway
import Governance
import Logging
import Macaroons
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals
import Upstreams

/// `satgate demo`: a private Redis, two small tool servers, one node, and an agent that spends a budget.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Play an agent whose tool calls are governed, on this machine alone.")

    @Flag(help: "Exit after the script instead of waiting for Ctrl-C.")
    var once = false

    @Option(help: "The node's port; any free one where it is taken.")
    var port = 8080

    @Option(help: "The port of the dashboard; any free one where it is taken.")
    var adminPort = 9090

    func run() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "satgate-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        do {
            try await play(in: directory)
        } catch {
            FileHandle.standardError.write(Data("satgate demo: \(error)\n".utf8))
            throw ExitCode.failure
        }
    }

    private func play(in directory: URL) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let redis = PrivateRedis(port: try await FreePort.any(on: group), directory: directory)
        let weather = try await server(DemoUpstreams.weather, on: group)
        let library = try await server(DemoUpstreams.library, on: group)
        let tenant = try tenant(["weather": weather, "library": library])
        let key = try key(of: tenant)
        let (addresses, listening) = AsyncStream.makeStream(of: SocketAddress.self)
        let (consoles, opening) = AsyncStream.makeStream(of: SocketAddress.self)
        let operatorToken = SessionID().text
        let logs = LogLevels(.error) { LogPipe.standardError.write($0) }
        let settings = try await settings(redis: redis, group: group)
        let node = try Node(
            settings, tenants: .init(tenants: [tenant]), keys: try KeyRing([key]), administrators: try administrators(operatorToken),
            logs: logs
        ) { port, address in
            switch port {
            case .agents: listening.yield(address)
            case .operators: opening.yield(address)
            }
        }
        say("satgate \(SatGateVersion.text) demo: Redis on port \(redis.port), tool servers \(weather.url) and \(library.url)")
        let script = DemoScript(
            addresses: addresses, consoles: consoles, operatorToken: operatorToken, redis: node.redis, names: node.names,
            ledger: node.ledger, tenant: tenant,
            token: try token(of: key), group: group, once: once)
        try await run([redis] + node.services, then: script, logger: node.logger)
        try? await weather.stop()
        try? await library.stop()
    }

    /// Runs the services until the script ends or a signal comes.
    private func run(_ services: [any Service], then script: DemoScript, logger: Logger) async throws {
        var all = services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) }
        all.append(.init(service: script, successTerminationBehavior: .gracefullyShutdownGroup))
        try await ServiceGroup(
            configuration: .init(services: all, gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
        ).run()
    }

    private func server(_ tools: [DemoTool], on group: any EventLoopGroup) async throws -> ToolServer {
        var options = ToolServer.Options()
        options.port = try await FreePort.any(on: group)
        return try await ToolServer.start(tools, options: options, group: group)
    }

    private func settings(redis: PrivateRedis, group: any EventLoopGroup) async throws -> NodeConfiguration {
        var settings = NodeConfiguration(keysFile: "")
        settings.port = try await FreePort.preferring(port, on: group)
        settings.adminPort = try await FreePort.preferring(adminPort, on: group)
        settings.redis.url = redis.url
        settings.drain.announce = 0
        settings.egress.allowsPrivateNetworks = true
        return settings
    }

    private func tenant(_ servers: KeyValuePairs<String, ToolServer>) throws -> Tenant {
        guard let name = TenantName(DemoPlan.tenant), let budget = BudgetName(DemoPlan.budget) else {
            throw DemoFailure(reason: "the demo's names are no names")
        }
        let upstreams = servers.compactMap { name, server in UpstreamName(name).map { UpstreamDocument(name: $0, place: .url(server.url)) }
        }
        return Tenant(
            name: name, upstreams: upstreams, tariff: try DemoPlan.prices(),
            budgets: [budget: BudgetTerms(limit: try DemoPlan.credits(DemoPlan.limit))], defaultBudget: budget)
    }

    private func administrators(_ token: String) throws -> AdminCredentials {
        guard let digest = SHA256.digest(of: Array(token.utf8)) else { throw DemoFailure(reason: "libcrypto failed") }
        return AdminCredentials([.init(identity: .init(name: "demo", role: .admin), digest: digest)])
    }

    private func key(of tenant: Tenant) throws -> KeyRing.Key {
        guard let key = KeyRing.Key(id: "demo", tenant: tenant.name, root: try RootKey.random()) else {
            throw DemoFailure(reason: "no root key")
        }
        return key
    }

    private func token(of key: KeyRing.Key) throws -> String {
        var terms = TokenTerms(expires: Int64(Date.now.timeIntervalSince1970 * 1000) + 86_400_000)
        terms.budget = BudgetName(DemoPlan.budget)
        terms.label = "demo agent"
        return try TokenMint(key: key).mint(terms).encoded()
    }
}
