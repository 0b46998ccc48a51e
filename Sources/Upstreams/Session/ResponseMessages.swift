import HTTPWire
import MCPWire
import NIOCore

/// The JSON-RPC messages in the body of one response, read one by one as they are asked for.
struct ResponseMessages {
    private enum Form {
        /// One message is the whole body.
        case document
        case events(ServerSentEventParser)
    }

    /// The longest answer taken, in bytes.
    static let limit = 16 * 1024 * 1024

    private let exchange: HTTPExchange
    private var form: Form
    private let expectedLength: Int
    private var pending: ArraySlice<ServerSentEvent> = []

    /// Nil where the body is neither JSON nor an event stream.
    init?(_ exchange: HTTPExchange, head: ResponseHead) {
        guard let type = head.headers.first(name: "content-type") else { return nil }
        if type.isMediaType("application/json") {
            form = .document
        } else if type.isMediaType("text/event-stream") {
            form = .events(ServerSentEventParser(limit: Self.limit))
        } else {
            return nil
        }
        self.exchange = exchange
        expectedLength = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
    }

    /// The next message; nil at the end of the body.
    mutating func next() async throws(HTTPFailure) -> Message? {
        switch form {
        case .document: return try await document()
        case .events: return try await event()
        }
    }

    private func document() async throws(HTTPFailure) -> Message? {
        guard expectedLength <= Self.limit else { throw .broken(.tooLarge) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(expectedLength)
        while let piece = try await exchange.nextPiece() {
            guard bytes.count + piece.readableBytes <= Self.limit else { throw .broken(.tooLarge) }
            bytes.append(contentsOf: piece.readableBytesView)
        }
        if bytes.isEmpty { return nil }
        return try Self.message(bytes)
    }

    private mutating func event() async throws(HTTPFailure) -> Message? {
        while true {
            while let event = pending.popFirst() {
                guard !event.data.isEmpty, event.name == nil || event.name == "message" else { continue }
                return try Self.message(event.data)
            }
            guard let piece = try await exchange.nextPiece() else { return nil }
            pending = try parse(piece)[...]
        }
    }

    private mutating func parse(_ piece: ByteBuffer) throws(HTTPFailure) -> [ServerSentEvent] {
        guard case .events(var parser) = form else { return [] }
        // Held by nobody else, so that its buffers are not copied.
        form = .document
        defer { form = .events(parser) }
        do {
            return try parser.push(piece.readableBytesView)
        } catch {
            throw .broken(.tooLarge)
        }
    }

    private static func message(_ bytes: [UInt8]) throws(HTTPFailure) -> Message {
        do {
            return try Message(bytes)
        } catch {
            throw .broken(.unreadable)
        }
    }
}

extension String {
    /// True when a `Content-Type` value is of this type, whatever its parameters.
    fileprivate func isMediaType(_ type: StaticString) -> Bool {
        var rest = utf8[...]
        let matches = type.withUTF8Buffer { wanted in
            for byte in wanted {
                guard let next = rest.popFirst(), next | 0x20 == byte | 0x20 else { return false }
            }
            return true
        }
        guard matches else { return false }
        return rest.first.map { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } ?? true
    }
}
