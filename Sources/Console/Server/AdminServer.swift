import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
package import ServerIdentity
import ServiceLifecycle

/// The operator's side of a node, on a port of its own: health, metrics, the admin API, the feed of events, and the dashboard.
package struct AdminServer: Service, CustomStringConvertible {
    package struct Configuration: Sendable {
        package var host: String
        /// 0: any free one.
        package var port: Int
        /// Who the port is; nil: plain TCP.
        package var identity: PortIdentity?

        package init(host: String, port: Int, identity: PortIdentity? = nil) {
            self.host = host
            self.port = port
            self.identity = identity
        }
    }

    package let description = "admin port"
    /// Open ones at once; more wait to be accepted.
    private static let mostConnections = 16_384
    private let configuration: Configuration
    private let console: Console
    private let group: any EventLoopGroup
    private let logger: Logger
    private let onListening: @Sendable (SocketAddress) -> Void

    /// `group`: threads that serve no agent. `onListening` is told the address.
    package init(
        _ configuration: Configuration, console: Console, group: any EventLoopGroup, logger: Logger,
        onListening: @escaping @Sendable (SocketAddress) -> Void
    ) {
        self.configuration = configuration
        self.console = console
        self.group = group
        self.logger = logger
        self.onListening = onListening
    }

    package func run() async throws {
        let (sockets, identity) = (console.sockets, configuration.identity)
        let application = Application(
            router: console.router(),
            server: HTTPServerBuilder { AdminChannel(responder: $0, sockets: sockets, identity: identity) },
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections)),
            onServerRunning: { [onListening] channel in
                if let address = channel.localAddress { onListening(address) }
            },
            eventLoopGroupProvider: .shared(group), logger: logger)
        try await application.run()
    }
}
