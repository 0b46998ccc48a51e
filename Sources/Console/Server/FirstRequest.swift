import NIOCore
import NIOHTTP1

/// Stands before whoever decides what a connection becomes: closes one that brings no request, after a while or when the node stops, and
/// takes the wish to become a WebSocket from a request that may not have one.
final class FirstRequest: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let sockets: any WebSocketAcceptor
    private let patience: TimeAmount
    private var end: Scheduled<Void>?

    init(sockets: any WebSocketAcceptor, patience: TimeAmount) {
        self.sockets = sockets
        self.patience = patience
    }

    /// It has done its part.
    static func remove(from channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        _ = pipeline.removeHandler(try pipeline.handler(type: FirstRequest.self))
    }

    func handlerAdded(context: ChannelHandlerContext) {
        end = context.eventLoop.assumeIsolated().scheduleTask(in: patience) { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), head.headers.contains(name: "upgrade"), !sockets.accepts(head) else {
            return context.fireChannelRead(data)
        }
        // SwiftNIO loses the head of a request that wants an upgrade and does not get it.
        head.headers.remove(name: "upgrade")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}
