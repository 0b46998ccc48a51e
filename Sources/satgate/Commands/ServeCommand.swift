import ArgumentParser
import Console
import Foundation
import Governance
import Logging
import NIOCore
import ServiceLifecycle
import TimeZones
import UnixSignals

/// `satgate serve`: one node, until SIGTERM or SIGINT.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run a node.",
        discussion: "Settings come from the environment (SATGATE_REDIS_URL, …), then from --config; the README lists them.")

    @Option(help: "A YAML file of settings.")
    var config: String?

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let node: Node
        let logger: Logger
        do {
            let settings = try await NodeConfiguration(file: config, environment: environment)
            logger = Logger(label: "satgate", level: settings.logLevel)
            let file = settings.tenantsFile
            let zones = ZoneDatabase(directory: settings.zones)
            let tenants = TenantsFileUpkeep.Statement(
                tenants: try file.map { try TenantsFile.read($0, zones: zones) } ?? [], file: file, zones: zones)
            let keys = try KeysFile.read(settings.keysFile)
            let administrators = AdminCredentials(try settings.adminTokensFile.map { try AdminTokensFile.read($0) } ?? [])
            node = try Node(
                settings, tenants: tenants, keys: keys, environment: environment, administrators: administrators, logger: logger
            ) { Self.announce($0, $1) }
        } catch {
            FileHandle.standardError.write(Data("satgate: \(error)\n".utf8))
            throw ExitCode(78)
        }
        logger.info("starting", metadata: ["node": "\(node.id)", "version": "\(SatGateVersion.text)"])
        let group = ServiceGroup(services: node.services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
        logger.info("stopped", metadata: ["node": "\(node.id)"])
    }

    private static func announce(_ port: Port, _ address: SocketAddress) {
        let host = address.ipAddress ?? ""
        let url = "http://\(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
        let line =
            switch port {
            case .agents: "listening on \(url)"
            case .operators: "operators' port on \(url)"
            }
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}

extension Logger {
    /// A logger that writes JSON lines from `level` on.
    init(label: String, level: Logger.Level) {
        self.init(label: label) { JSONLogHandler(label: $0) }
        logLevel = level
    }
}
