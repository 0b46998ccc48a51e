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
    private let silence: TimeAmount?
    private var pending: ArraySlice<ServerSentEvent> = []
    /// False after something that is no message.
    private(set) var isIntact = true

    /// Nil where the body is neither JSON nor an event stream. With `silence` a response lasts as long as no pause in it is longer.
    init?(_ exchange: HTTPExchange, head: ResponseHead, silence: TimeAmount? = nil) {
        guard let type = head.headers.first(name: "content-type") else { return nil }
        if type.isMediaType("application/json") {
            form = .document
        } else if type.isMediaType("text/event-stream") {
            form = .events(ServerSentEventParser(limit: Self.limit))
        } else {
            return nil
        }
        self.exchange = exchange
        self.silence = silence
        if let silence { exchange.extend(to: .now() + silence) }
        expectedLength = head.length ?? 0
    }

    /// True for events, false for one document.
    var isEventStream: Bool { if case .events = form { true } else { false } }

    /// The id of the last event read.
    var lastEventID: String? { if case .events(let parser) = form { parser.lastEventID } else { nil } }

    /// The milliseconds that the server wants between the loss of a connection and the next.
    var retry: Int? { if case .events(let parser) = form { parser.retry } else { nil } }

    /// The next message; nil at the end of the body.
    mutating func next() async throws(HTTPFailure) -> Message? {
        switch form {
        case .document: return try await document()
        case .events: return try await event()
        }
    }

    private mutating func document() async throws(HTTPFailure) -> Message? {
        guard expectedLength <= Self.limit else { throw .broken(.tooLarge) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(expectedLength)
        while let piece = try await exchange.nextPiece() {
            guard bytes.count + piece.readableBytes <= Self.limit else { throw .broken(.tooLarge) }
            bytes.append(contentsOf: piece.readableBytesView)
        }
        if bytes.isEmpty { return nil }
        return try message(bytes)
    }

    private mutating func event() async throws(HTTPFailure) -> Message? {
        while true {
            while let event = pending.popFirst() {
                guard !event.data.isEmpty, event.name == nil || event.name == "message" else { continue }
                return try message(event.data)
            }
            guard let piece = try await exchange.nextPiece() else { return nil }
            if let silence { exchange.extend(to: .now() + silence) }
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
            isIntact = false
            throw .broken(.tooLarge)
        }
    }

    private mutating func message(_ bytes: [UInt8]) throws(HTTPFailure) -> Message {
        do {
            return try Message(bytes)
        } catch {
            isIntact = false
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
