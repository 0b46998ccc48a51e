import HTTPWire
import MCPWire
import NIOCore

/// The JSON-RPC messages in the body of one response, read one by one as they are asked for.
final class ResponseMessages {
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
        switch BodyType(head.headers) {
        case .document: form = .document
        case .events: form = .events(ServerSentEventParser(limit: Self.limit))
        case nil: return nil
        }
        self.exchange = exchange
        self.silence = silence
        expectedLength = head.length ?? 0
        if let silence { exchange.extend(to: .now() + silence) }
    }

    /// True for events, false for one document.
    var isEventStream: Bool { if case .events = form { true } else { false } }

    /// The id of the last event read.
    var lastEventID: String? { if case .events(let parser) = form { parser.lastEventID } else { nil } }

    /// The milliseconds that the server wants between the loss of a connection and the next.
    var retry: Int? { if case .events(let parser) = form { parser.retry } else { nil } }

    /// The next message; nil at the end of the body.
    func next() async throws(HTTPFailure) -> Message? {
        switch form {
        case .document: return try await document()
        case .events: return try await event()
        }
    }

    /// The one message of a body that has come whole and in one piece, as most do; nil where it has to be waited for, or put together.
    func arrived() throws(HTTPFailure) -> Message? {
        guard case .document = form, expectedLength <= Self.limit, let piece = exchange.takeOnlyPiece() else { return nil }
        return try message(Array(buffer: piece))
    }

    private func document() async throws(HTTPFailure) -> Message? {
        guard expectedLength <= Self.limit else { throw .broken(.tooLarge) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(expectedLength)
        while let piece = try await exchange.nextPiece() {
            guard bytes.count + piece.readableBytes <= Self.limit else { throw .broken(.tooLarge) }
            piece.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
        }
        if bytes.isEmpty { return nil }
        return try message(bytes)
    }

    private func event() async throws(HTTPFailure) -> Message? {
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

    private func parse(_ piece: ByteBuffer) throws(HTTPFailure) -> [ServerSentEvent] {
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

    private func message(_ bytes: [UInt8]) throws(HTTPFailure) -> Message {
        do {
            return try Message(bytes)
        } catch {
            isIntact = false
            throw .broken(.unreadable)
        }
    }
}
