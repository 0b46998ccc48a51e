import NIOCore
import NIOPosix
import NIOSSL

/// Opens connections to origins.
struct Connector: Sendable {
    let limits: PoolLimits
    private let tls: NIOSSLContext

    /// Throws where the trusted certificates cannot be read.
    init(limits: PoolLimits) throws {
        self.limits = limits
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        if let file = limits.trustedRoots { configuration.additionalTrustRoots = [.file(file)] }
        tls = try NIOSSLContext(configuration: configuration)
    }

    /// Opens a connection for the pool; `done` is called on its event loop, later.
    func connect(
        pool: ConnectionPool, on eventLoop: any EventLoop, _ done: @escaping (Result<HTTPConnection, HTTPFailure>) -> Void
    ) {
        let origin = pool.origin
        let ready = eventLoop.makePromise(of: Void.self)
        let connection = HTTPConnection(pool: pool, eventLoop: eventLoop, limits: limits, isSecure: origin.isSecure, ready: ready)
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(limits.connect)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try prepare(channel, for: origin, bound.value) }
            }
            .connect(host: origin.host, port: origin.port)
            .assumeIsolated()
            .whenFailure { error in ready.fail(HTTPFailure.unsent(Self.reason(of: error))) }
        ready.futureResult.assumeIsolated().whenComplete { result in
            done(result.map { connection }.mapError { $0 as? HTTPFailure ?? .unsent(.unreachable) })
        }
    }

    private func prepare(_ channel: any Channel, for origin: Origin, _ connection: HTTPConnection) throws {
        let pipeline = channel.pipeline.syncOperations
        if origin.isSecure {
            let isAddress = (try? SocketAddress(ipAddress: origin.host, port: origin.port)) != nil
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : origin.host))
        }
        try pipeline.addHandler(connection)
    }

    private static func reason(of error: any Error) -> HTTPFailure.Reason {
        if let error = error as? NIOConnectionError {
            guard let first = error.connectionErrors.first else { return .notResolved }
            return reason(of: first.error)
        }
        if case .connectTimeout = error as? ChannelError { return .connectTimeout }
        if let error = error as? IOError, error.errnoCode == 111 { return .refused }
        return .unreachable
    }
}
