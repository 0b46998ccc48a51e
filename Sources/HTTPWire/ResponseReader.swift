package import NIOCore

/// Reads one response after the other out of a connection's bytes, however they are cut. After it has thrown it is of no more use.
package struct ResponseReader {
    /// What the bytes bring.
    package enum Part: Sendable {
        case head(ResponseHead)
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

    /// The next part; nil while more bytes are needed. Interim responses are skipped.
    package mutating func next() throws(HTTPViolation) -> Part? {
        if intake.isInMessage {
            return switch try intake.rest() {
            case .piece(let piece): .piece(piece)
            case .end: .end
            case nil: nil
            }
        }
        while let head = try intake.head(ResponseHead.init) {
            guard !head.isInterim else { continue }
            intake.begin(head.body)
            return .head(head)
        }
        return nil
    }

    /// The sender has closed the connection: true where that was the end of the response.
    package mutating func closed() -> Bool {
        guard intake.endsWithConnection else { return false }
        intake.end()
        return true
    }
}
