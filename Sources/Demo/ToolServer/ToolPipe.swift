import MCPWire
package import NIOCore
import NIOPosix

/// A small MCP server on the standard input and output of this process: one JSON-RPC message a line.
package enum ToolPipe {
    /// Serves until the input ends.
    package static func serve(
        _ shelf: ToolShelf, options: ToolServer.Options, record: ServerRecord, group: any EventLoopGroup
    ) async throws {
        let responder = ToolResponder(shelf, options: options, record: record)
        let channel = try await NIOPipeBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(ToolPipeHandler(responder)) }
            }
            .takingOwnershipOfDescriptors(input: 0, output: 1).get()
        try await channel.closeFuture.get()
    }
}

/// Splits the input into lines.
private final class ToolPipeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let longestLine = 4 * 1024 * 1024

    private let responder: ToolResponder
    private var line: [UInt8] = []
    private var stream: ToolStream?

    init(_ responder: ToolResponder) { self.responder = responder }

    func channelActive(context: ChannelHandlerContext) {
        stream = ToolStream(responder, loop: context.eventLoop) { [unowned self] event in
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: event.data + [0x0A])), promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for piece in unwrapInboundIn(data).readableBytesView.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            if piece.offset > 0 { take() }
            line += piece.element
        }
        if line.count > Self.longestLine { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        stream?.close()
        stream = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Reads the line that has ended.
    private func take() {
        defer { line.removeAll(keepingCapacity: true) }
        guard let stream, !line.isEmpty else { return }
        guard let message = try? Message(line) else {
            return stream.deliver(.reply(ToolReply(body: ToolText.error(nil, code: -32700, "Parse error"))))
        }
        if let request = message.cancelledRequest { stream.end(request) }
        stream.deliver(responder.react(to: message))
        if message.method == Method.initialized { stream.open(ToolSubscription(change: ToolText.listChanged())) }
    }
}
