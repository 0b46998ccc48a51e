import Logging
import NIOCore

/// The standard error of a process: read on and on, so that the process never waits for it, and logged within bounds. Bound to its event
/// loop.
final class ErrorOutput: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Bytes of a line that are logged, and lines in a minute.
    private static let bounds = (line: 1_024, lines: 100)

    private let logger: Logger
    private var reader = LineReader(limit: bounds.line)
    private var logged = 0
    private var until = NIODeadline.now()

    init(logger: Logger) { self.logger = logger }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard logger.logLevel <= .debug else { return }
        reader.read(unwrapInboundIn(data)) { line in
            guard mayLog() else { return }
            logger.debug("an upstream's process says", metadata: ["line": "\(String(decoding: line, as: UTF8.self))"])
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func mayLog() -> Bool {
        let now = NIODeadline.now()
        if now >= until { (logged, until) = (0, now + .minutes(1)) }
        logged += 1
        return logged <= Self.bounds.lines
    }
}
