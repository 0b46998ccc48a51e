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
            let logs = LogLevels(settings.logLevel) { LogPipe.standardError.write($0) }
            logger = logs.logger()
            let file = settings.tenantsFile
            let zones = ZoneDatabase(directory: settings.zones)
            let tenants = TenantsFileUpkeep.Statement(
                tenants: try file.map { try TenantsFile.read($0, zones: zones) } ?? [], file: file, zones: zones)
            let keys = try KeysFile.read(settings.keysFile)
            let oauth = try settings.oauthFile.map { try OAuthFile.read($0) }
            let administrators = AdminCredentials(try settings.adminTokensFile.map { try AdminTokensFile.read($0) } ?? [])
            let areSecure = [Port.agents: settings.tls != nil, .operators: settings.adminTLS != nil]
            node = try Node(
                settings, tenants: tenants, keys: keys, oauth: oauth, environment: environment, administrators: administrators, logs: logs
            ) { Self.announce($0, $1, isSecure: areSecure[$0] == true) }
        } catch {
            FileHandle.standardError.write(Data("satgate: \(error)\n".utf8))
            throw ExitCode(78)
        }
        logger.info("starting", metadata: ["node": "\(node.id)", "version": "\(SatGateVersion.text)"])
        let group = ServiceGroup(services: node.services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        do { try await group.run() } catch {
            logger.critical("the node ends", metadata: ["error": "\(type(of: error))"])
            await LogPipe.standardError.flush(within: .seconds(2))
            guard let error = error as? PortUnavailable else { throw error }
            FileHandle.standardError.write(Data("satgate: \(error)\n".utf8))
            throw ExitCode(78)
        }
        logger.info("stopped", metadata: ["node": "\(node.id)"])
        await LogPipe.standardError.flush(within: .seconds(2))
    }

    private static func announce(_ port: Port, _ address: SocketAddress, isSecure: Bool) {
        let host = address.ipAddress ?? ""
        let url = "http\(isSecure ? "s" : "")://\(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
        let line =
            switch port {
            case .agents: "listening on \(url)"
            case .operators: "operators' port on \(url)"
            }
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}

extension Logger {
    /// A command's logger, which writes JSON lines to standard error from `level` on.
    init(label: String, level: Logger.Level) {
        self.init(label: label) { label in
            JSONLogHandler(label: label, threshold: LogLevels.Threshold(level)) { FileHandle.standardError.write(Data($0)) }
        }
    }
}
