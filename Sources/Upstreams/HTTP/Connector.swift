import NIOCore
import NIOPosix
import NIOSSL
import ServerIdentity

/// Opens connections to destinations, only to addresses that the operator's policy allows.
struct Connector: Sendable {
    let limits: PoolLimits
    private let addresses: AddressGuard
    private let lookup: NameLookup
    private let contexts: TLSContexts

    /// Throws where the system's certificates cannot be read.
    init(limits: PoolLimits, policy: EgressPolicy, lookup: NameLookup = NameLookup()) throws {
        self.limits = limits
        self.lookup = lookup
        addresses = AddressGuard(policy: policy)
        contexts = try TLSContexts()
    }

    /// Opens a connection for the pool; `done` is called on its event loop, later.
    func connect(
        pool: ConnectionPool, on eventLoop: any EventLoop, _ done: @escaping (Result<HTTPConnection, HTTPFailure>) -> Void
    ) {
        let origin = pool.destination.origin
        let context: NIOSSLContext?
        do throws(HTTPFailure) {
            context = origin.isSecure ? try contexts.context(of: pool.destination.tls) : nil
        } catch {
            return eventLoop.assumeIsolated().execute { done(.failure(error)) }
        }
        let ready = eventLoop.makePromise(of: Void.self)
        let connection = HTTPConnection(pool: pool, eventLoop: eventLoop, limits: limits, isSecure: origin.isSecure, ready: ready)
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .resolver(GuardedResolver(lookup, guard: addresses, on: eventLoop))
            .connectTimeout(limits.connect)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try prepare(channel, for: origin, context, bound.value) }
            }
            .connect(host: origin.host, port: origin.port)
            .assumeIsolated()
            .whenFailure { error in ready.fail(HTTPFailure.unsent(Self.reason(of: error))) }
        ready.futureResult.assumeIsolated().whenComplete { result in
            done(result.map { connection }.mapError { $0 as? HTTPFailure ?? .unsent(.unreachable) })
        }
    }

    private func prepare(_ channel: any Channel, for origin: Origin, _ context: NIOSSLContext?, _ connection: HTTPConnection) throws {
        let pipeline = channel.pipeline.syncOperations
        if let context { try pipeline.addHandler(Self.handler(context, for: origin.host)) }
        try pipeline.addHandlers(connection.handlers)
    }

    private static func handler(_ context: NIOSSLContext, for host: String) throws -> NIOSSLClientHandler {
        if let name = ServerName(host) { return try name.handler(context) }
        return try NIOSSLClientHandler(context: context, serverHostname: nil)
    }

    private static func reason(of error: any Error) -> HTTPFailure.Reason {
        if let error = error as? NIOConnectionError {
            if let first = error.connectionErrors.first { return reason(of: first.error) }
            return error.dnsAError is GuardedResolver.Refused ? .forbidden : .notResolved
        }
        if case .connectTimeout = error as? ChannelError { return .connectTimeout }
        if let error = error as? IOError, error.errnoCode == 111 { return .refused }
        return .unreachable
    }
}
