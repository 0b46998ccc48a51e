package import NIOCore
import NIOHTTP1

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
    /// Reads in place of the intake.
    private let strict: StrictIntake<HTTPClientResponsePart, HTTPClientRequestPart>?

    package init(_ limits: HTTPLimits = HTTPLimits(), by codec: HTTPCodec = .bytes) {
        intake = Intake(limits)
        strict = codec == .strict ? StrictIntake(limits) : nil
        strict?.awaitResponse()
    }

    /// What must stand in the connection's pipeline behind the handler that reads, while it does.
    package var handlers: [any ChannelHandler] { strict.map { [$0, $0.parts] } ?? [] }

    /// Takes in bytes of the socket.
    package mutating func feed(_ bytes: ByteBuffer) {
        if let strict { strict.feed(bytes) } else { intake.feed(bytes) }
    }

    /// True while bytes have come that no part was made of yet.
    package var hasBytes: Bool { strict?.hasBytes ?? intake.hasBytes }

    /// The next part; nil while more bytes are needed. Interim responses are skipped.
    package mutating func next() throws(HTTPViolation) -> Part? {
        if let strict { return try Self.next(of: strict) }
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
        if let strict {
            guard case .end? = strict.closed() else { return false }
            return true
        }
        guard intake.endsWithConnection else { return false }
        intake.end()
        return true
    }

    private static func next(
        of strict: StrictIntake<HTTPClientResponsePart, HTTPClientRequestPart>
    ) throws(HTTPViolation) -> Part? {
        switch try strict.next() {
        case .head(let head):
            let head = try ResponseHead.judged(head, strict.limits)
            switch head.body {
            case .length(let length): strict.begin(body: length)
            case .chunked: strict.begin(body: 0)
            case .untilClose: strict.begin(body: .max, endsWithConnection: true)
            }
            return .head(head)
        case .body(let piece): return .piece(piece)
        case .end:
            strict.end()
            strict.awaitResponse()
            return .end
        case nil: return nil
        }
    }
}

extension StrictIntake<HTTPClientResponsePart, HTTPClientRequestPart> {
    /// A response may come; none of those to a HEAD, which is never sent.
    fileprivate func awaitResponse() { decoder.write(data: .head(HTTPRequestHead(version: .http1_1, method: .POST, uri: "/"))) }
}
