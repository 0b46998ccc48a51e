import Foundation
import Logging
import NIOCore

/// The standard error of a process: read on and on, so that the process never waits for it, and logged within bounds, without the values
/// that it was given. Bound to its event loop.
final class ErrorOutput: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Bytes of a line that are logged, and lines in a minute.
    private static let bounds = (line: 1_024, lines: 100)
    /// Shorter values say too little to be a secret, and too often stand in a line by chance.
    private static let shortest = 6

    private let logger: Logger
    private var reader = LineReader(limit: 16 * bounds.line)
    private var logged = 0
    private var until = NIODeadline.now()

    /// The longest first, for one may be a part of another.
    private let hidden: [String]

    /// `environment`: what the process was given; none of its values is logged.
    init(logger: Logger, hiding environment: [String: String] = [:]) {
        self.logger = logger
        hidden = environment.filter { $0.key != "PATH" && $0.value.utf8.count >= Self.shortest }.map(\.value)
            .sorted { $0.utf8.count > $1.utf8.count }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard logger.logLevel <= .debug else { return }
        reader.read(unwrapInboundIn(data)) { line in
            guard mayLog() else { return }
            logger.debug("an upstream's process says", metadata: ["line": "\(shown(String(decoding: line, as: UTF8.self)))"])
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Hidden first, then cut: the part of a value would be left otherwise.
    private func shown(_ line: String) -> Substring {
        hidden.reduce(line) { $0.replacing($1, with: "[redacted]") }.prefix(Self.bounds.line)
    }

    private func mayLog() -> Bool {
        let now = NIODeadline.now()
        if now >= until { (logged, until) = (0, now + .minutes(1)) }
        logged += 1
        return logged <= Self.bounds.lines
    }
}
