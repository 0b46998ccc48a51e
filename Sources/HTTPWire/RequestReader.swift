package import NIOCore

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

    package init(_ limits: HTTPLimits = HTTPLimits()) { intake = Intake(limits) }

    /// Takes in bytes of the socket.
    package mutating func feed(_ bytes: ByteBuffer) { intake.feed(bytes) }

    /// True while bytes have come that no part was made of yet.
    package var hasBytes: Bool { intake.hasBytes }

    /// The next part; nil while more bytes are needed.
    package mutating func next() throws(HTTPViolation) -> Part? {
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
}
