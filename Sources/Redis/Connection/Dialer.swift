import NIOCore
import NIOPosix
import NIOSSL

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
                    if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: serverName)) }
                    try pipeline.addHandler(ConnectionHandler(owner: owner.value))
                }
            }
            .connect(host: configuration.host, port: configuration.port)
    }

    /// The name to ask for and to verify; nil for an IP address, which is verified as such.
    private var serverName: String? {
        let name = configuration.tls?.serverName ?? configuration.host
        return (try? SocketAddress(ipAddress: name, port: 0)) == nil ? name : nil
    }
}
