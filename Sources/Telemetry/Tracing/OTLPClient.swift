package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServerIdentity

/// Posts to a collector over HTTP/1.1, each time over a connection of its own.
package struct OTLPClient: Sendable {
    /// What became of a request.
    enum Outcome: Sendable, Equatable {
        case accepted
        /// The collector will never take it.
        case refused(UInt)
        /// To be sent again, after that time where the collector names one.
        case later(String, after: Duration?)
    }

    private let endpoint: OTLPEndpoint
    private let headers: [(String, String)]
    private let group: any EventLoopGroup
    private let timeout: TimeAmount
    private let tls: NIOSSLContext?

    /// `group`: threads that serve no agent. `timeout` is for a whole exchange. Throws where the system's authorities cannot be read.
    package init(
        _ endpoint: OTLPEndpoint, headers: [(String, String)] = [], on group: any EventLoopGroup, timeout: TimeAmount = .seconds(10)
    ) throws {
        self.endpoint = endpoint
        self.headers = headers
        self.group = group
        self.timeout = timeout
        tls = endpoint.isSecure ? try NIOSSLContext(configuration: .makeClientConfiguration()) : nil
    }

    /// Posts JSON; every failure is an outcome, and so is that the task was cancelled.
    func post(_ body: [UInt8]) async -> Outcome {
        let loop = group.next()
        let answered = loop.makePromise(of: CollectorReply.self)
        let limit = loop.scheduleTask(in: timeout) { answered.fail(Silent()) }
        bootstrap(on: loop, answered).connect(host: endpoint.host, port: endpoint.port).whenComplete { [self] connected in
            switch connected {
            case .failure(let error): answered.fail(error)
            case .success(let channel):
                answered.futureResult.whenComplete { _ in channel.close(promise: nil) }
                send(body, on: channel)
            }
        }
        defer { limit.cancel() }
        do {
            let reply = try await withTaskCancellationHandler {
                try await answered.futureResult.get()
            } onCancel: {
                answered.fail(CancellationError())
            }
            return Self.outcome(reply)
        } catch {
            return .later("the collector is out of reach: \(type(of: error))", after: nil)
        }
    }

    /// No answer came in time.
    private struct Silent: Error {}

    private func bootstrap(on loop: any EventLoop, _ answered: EventLoopPromise<CollectorReply>) -> ClientBootstrap {
        ClientBootstrap(group: loop).connectTimeout(min(timeout, .seconds(5))).channelInitializer { [tls, endpoint] channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                if let tls {
                    if let name = ServerName(endpoint.host) {
                        try pipeline.addHandler(name.handler(tls))
                    } else {
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
                    }
                }
                try pipeline.addHTTPClientHandlers()
                try pipeline.addHandler(CollectorHandler(answered))
            }
        }
    }

    private func send(_ body: [UInt8], on channel: any Channel) {
        var fields = HTTPHeaders([
            ("host", endpoint.authority), ("content-type", "application/json"), ("content-length", "\(body.count)"),
            ("connection", "close"), ("user-agent", "satgate"),
        ])
        for (name, value) in headers { fields.replaceOrAdd(name: name, value: value) }
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: endpoint.path, headers: fields)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    /// By the OTLP specification 429, 502, 503 and 504 are to be tried again.
    private static func outcome(_ reply: CollectorReply) -> Outcome {
        switch reply.status {
        case 200..<300: .accepted
        case 429, 502, 503, 504:
            .later("the collector answers \(reply.status)", after: reply.retryAfter.map { .seconds($0) })
        default: .refused(reply.status)
        }
    }
}

/// What of a collector's answer counts.
struct CollectorReply: Sendable {
    let status: UInt
    /// Seconds.
    let retryAfter: Int?
}

/// Waits for the head of the answer, and throws away the rest.
private final class CollectorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private struct Closed: Error {}

    private let answered: EventLoopPromise<CollectorReply>
    private var reply: CollectorReply?

    init(_ answered: EventLoopPromise<CollectorReply>) { self.answered = answered }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let pause = head.headers.first(name: "retry-after").flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
            reply = CollectorReply(status: head.status.code, retryAfter: pause)
        case .body: break
        case .end: reply.map { answered.succeed($0) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answered.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { answered.fail(Closed()) }
}
