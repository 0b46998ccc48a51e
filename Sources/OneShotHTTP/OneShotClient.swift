package import NIOCore
package import NIOHTTP1
import NIOPosix
import NIOSSL
import ServerIdentity

/// Sends requests of which there are few: over HTTP/1.1, each over a connection of its own. Redirects are not followed.
package struct OneShotClient: Sendable {
    private let group: any EventLoopGroup
    private let timeout: TimeAmount
    private let tls: NIOSSLContext

    /// `group`: threads that serve no agent. `timeout` is for a whole exchange. `authorities`: a PEM file of whom to trust instead of the
    /// system's. Throws where the authorities cannot be read.
    package init(on group: any EventLoopGroup, timeout: TimeAmount = .seconds(10), authorities: String? = nil) throws {
        self.group = group
        self.timeout = timeout
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authorities { configuration.trustRoots = .file(authorities) }
        tls = try NIOSSLContext(configuration: configuration)
    }

    /// Sends a request and collects the answer, of whose body at most so many bytes are taken.
    package func send(
        _ method: HTTPMethod, to address: HTTPAddress, headers: [(String, String)] = [], body: [UInt8]? = nil, atMost most: Int
    ) async throws(OneShotError) -> OneShotReply {
        let loop = group.next()
        let answered = loop.makePromise(of: OneShotReply.self)
        let limit = loop.scheduleTask(in: timeout) { answered.fail(OneShotError.timedOut) }
        bootstrap(on: loop, for: address, answered, most).connect(host: address.host, port: address.port).whenComplete { connected in
            switch connected {
            case .failure(let error): answered.fail(OneShotError.unreachable("\(type(of: error))"))
            case .success(let channel):
                answered.futureResult.whenComplete { _ in channel.close(promise: nil) }
                Self.send(method, address, headers, body, on: channel)
            }
        }
        defer { limit.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await answered.futureResult.get()
            } onCancel: {
                answered.fail(OneShotError.cancelled)
            }
        } catch {
            throw error as? OneShotError ?? .unreachable("\(type(of: error))")
        }
    }

    private func bootstrap(
        on loop: any EventLoop, for address: HTTPAddress, _ answered: EventLoopPromise<OneShotReply>, _ most: Int
    ) -> ClientBootstrap {
        ClientBootstrap(group: loop).connectTimeout(min(timeout, .seconds(5))).channelInitializer { [tls] channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                if address.isSecure {
                    if let name = ServerName(address.host) {
                        try pipeline.addHandler(name.handler(tls))
                    } else {
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
                    }
                }
                try pipeline.addHTTPClientHandlers()
                try pipeline.addHandler(OneShotHandler(answered, atMost: most))
            }
        }
    }

    private static func send(
        _ method: HTTPMethod, _ address: HTTPAddress, _ headers: [(String, String)], _ body: [UInt8]?, on channel: any Channel
    ) {
        var fields = HTTPHeaders([("host", address.authority), ("connection", "close"), ("user-agent", "satgate")])
        if let body { fields.add(name: "content-length", value: "\(body.count)") }
        for (name, value) in headers { fields.replaceOrAdd(name: name, value: value) }
        let path = address.path.isEmpty ? "/" : address.path
        channel.write(HTTPClientRequestPart.head(.init(version: .http1_1, method: method, uri: path, headers: fields)), promise: nil)
        if let body { channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil) }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }
}

/// Collects the answer.
private final class OneShotHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let answered: EventLoopPromise<OneShotReply>
    private let most: Int
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

    init(_ answered: EventLoopPromise<OneShotReply>, atMost most: Int) {
        self.answered = answered
        self.most = most
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let piece):
            guard body.count + piece.readableBytes <= most else { return answered.fail(OneShotError.tooLarge) }
            body.append(contentsOf: piece.readableBytesView)
        case .end:
            guard let head else { return }
            answered.succeed(OneShotReply(status: head.status.code, headers: head.headers, body: body))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answered.fail(OneShotError.unreachable("\(type(of: error))"))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { answered.fail(OneShotError.closed) }
}
