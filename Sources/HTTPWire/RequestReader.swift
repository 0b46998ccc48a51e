package import NIOCore
import NIOHTTP1

/// Reads the requests of one connection out of its bytes, however they are cut. After it has thrown it is of no more use.
package struct RequestReader {
    /// What the bytes bring.
    package enum Part: Sendable {
        case head(RequestHead)
        /// Of the body; never empty.
        case piece(ByteBuffer)
        case end
    }

    private var intake: Intake
    /// Reads in place of the intake.
    private let strict: StrictIntake<HTTPServerRequestPart, HTTPServerResponsePart>?

    package init(_ limits: HTTPLimits = HTTPLimits(), by codec: HTTPCodec = .bytes) {
        intake = Intake(limits)
        strict = codec == .strict ? StrictIntake(limits) : nil
    }

    /// What must stand in the connection's pipeline behind the handler that reads, while it does.
    package var handlers: [any ChannelHandler] { strict.map { [$0, $0.parts] } ?? [] }

    /// Takes in bytes of the socket.
    package mutating func feed(_ bytes: ByteBuffer) {
        if let strict { strict.feed(bytes) } else { intake.feed(bytes) }
    }

    /// True while bytes have come that no part was made of yet.
    package var hasBytes: Bool { strict?.hasBytes ?? intake.hasBytes }

    /// The next part; nil while more bytes are needed.
    package mutating func next() throws(HTTPViolation) -> Part? {
        if let strict { return try Self.next(of: strict) }
        if intake.isInMessage {
            return switch try intake.rest() {
            case .piece(let piece): .piece(piece)
            case .end: .end
            case nil: nil
            }
        }
        intake.skipEmptyLines()
        guard let head = try intake.head(RequestHead.init) else { return nil }
        intake.begin(head.isChunked ? .chunked : .length(head.length ?? 0))
        return .head(head)
    }

    private static func next(
        of strict: StrictIntake<HTTPServerRequestPart, HTTPServerResponsePart>
    ) throws(HTTPViolation) -> Part? {
        switch try strict.next() {
        case .head(let head):
            let head = try RequestHead.judged(head, strict.limits)
            strict.begin(body: head.length ?? 0)
            return .head(head)
        case .body(let piece): return .piece(piece)
        case .end:
            strict.end()
            return .end
        case nil: return nil
        }
    }
}
