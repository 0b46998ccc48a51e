import NIOCore
import NIOPosix
import NIOSSL
import ServerIdentity

/// Opens connections to one server.
struct Dialer: Sendable {
    let configuration: RedisConfiguration
    let tls: NIOSSLContext?

    /// Reads the TLS files, where the configuration names any.
    init(_ configuration: RedisConfiguration) throws(RedisError) {
        self.configuration = configuration
        self.tls = try configuration.tls?.context()
    }

    /// Connects on `loop`, the current one; the owner is told when the socket is open.
    func dial(for owner: some ConnectionOwner, on loop: any EventLoop) -> EventLoopFuture<any Channel> {
        let owner = NIOLoopBound(owner, eventLoop: loop)
        return ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                loop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(secure(tls)) }
                    try pipeline.addHandler(ConnectionHandler(owner: owner.value))
                }
            }
            .connect(host: configuration.host, port: configuration.port)
    }

    private func secure(_ context: NIOSSLContext) throws -> NIOSSLClientHandler {
        guard let name = ServerName(configuration.tls?.serverName ?? configuration.host) else {
            return try NIOSSLClientHandler(context: context, serverHostname: nil)
        }
        return try name.handler(context)
    }
}
