import NIOCore
import NIOPosix
import NIOSSL
import ServerIdentity

/// Opens connections to servers.
struct Dialer: Sendable {
    private let connectTimeout: Duration
    private let secrets: RedisSecrets

    init(_ configuration: RedisConfiguration) {
        connectTimeout = configuration.connectTimeout
        secrets = configuration.secrets
    }

    /// What AUTH is to be sent; nil: none.
    var credentials: RedisCredentials? { secrets.credentials }

    /// Connects on `loop`, the current one; the owner is told when the socket is open.
    func dial(_ address: ServerAddress, for owner: some ConnectionOwner, on loop: any EventLoop) -> EventLoopFuture<any Channel> {
        let owner = NIOLoopBound(owner, eventLoop: loop)
        return ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                loop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if secrets.isSecure {
                        guard let context = secrets.context else { throw RedisError.badTLS("its files have not been read") }
                        try pipeline.addHandler(secure(context, address))
                    }
                    try pipeline.addHandler(ConnectionHandler(owner: owner.value))
                }
            }
            .connect(host: address.host, port: address.port)
    }

    private func secure(_ context: NIOSSLContext, _ address: ServerAddress) throws -> NIOSSLClientHandler {
        guard let name = ServerName(secrets.tls?.serverName ?? address.host) else {
            return try NIOSSLClientHandler(context: context, serverHostname: nil)
        }
        return try name.handler(context)
    }
}
