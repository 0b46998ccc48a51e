import NIOCore
import NIOHTTP1
import NIOPosix

/// One HTTP/1.1 request on a connection of its own, for a client that is in no hurry.
struct HTTPFetch {
    /// A whole reply.
    struct Reply: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    let group: any EventLoopGroup
    let host: String
    let port: Int

    /// Sends a POST and returns the whole reply.
    func post(_ path: String, headers: HTTPHeaders, body: [UInt8]) async throws -> Reply {
        let (channel, reply) = try await ClientBootstrap(group: group)
            .connectTimeout(.seconds(5))
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let promise = channel.eventLoop.makePromise(of: Reply.self)
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(Collector(promise))
                    return (channel, promise.futureResult)
                }
            }
        var headers = headers
        headers.add(name: "host", value: "\(host):\(port)")
        headers.add(name: "content-length", value: String(body.count))
        headers.add(name: "connection", value: "close")
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path, headers: headers)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        try await channel.writeAndFlush(HTTPClientRequestPart.end(nil)).get()
        return try await reply.get()
    }
}

/// Gathers one reply.
private final class Collector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private var promise: EventLoopPromise<HTTPFetch.Reply>?
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

    init(_ promise: EventLoopPromise<HTTPFetch.Reply>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let part): body.append(contentsOf: part.readableBytesView)
        case .end:
            if let head { take()?.succeed(HTTPFetch.Reply(status: Int(head.status.code), headers: head.headers, body: body)) }
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        take()?.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        take()?.fail(ChannelError.eof)
        context.fireChannelInactive()
    }

    private func take() -> EventLoopPromise<HTTPFetch.Reply>? {
        defer { promise = nil }
        return promise
    }
}
