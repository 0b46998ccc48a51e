import NIOCore

/// Stands where connections are accepted: those that the door does not let in are closed before anything is made for them.
final class Doorkeeper: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let door: Door

    init(_ door: Door) { self.door = door }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let agent = unwrapInboundIn(data)
        let address = PeerAddress(agent.remoteAddress)
        if let reason = door.enter(address) {
            ConnectionMetrics.shed(reason)
            return agent.close(promise: nil)
        }
        agent.closeFuture.whenComplete { [door] _ in door.leave(address) }
        context.fireChannelRead(data)
    }
}
