import MCPWire
import NIOCore

/// The messages of one response, and, where it can be resumed, of those that go on with it when its connection is lost. Bound to the event
/// loop it was made on.
final class ResponseStream {
    private var exchange: HTTPExchange
    private var messages: ResponseMessages
    /// How to go on with the stream elsewhere; nil where it ends with its connection.
    var resumption: Resumption?
    private var lastEventID: String?
    private var retry: Int?
    private var isGivenUp = false

    init(_ exchange: HTTPExchange, _ messages: ResponseMessages) {
        self.exchange = exchange
        self.messages = messages
    }

    /// True while the response is not whole, given up or failed, or another could go on with it.
    var isOpen: Bool { exchange.isOpen || resumption != nil && messages.lastEventID ?? lastEventID != nil }

    /// True for events, false for one document.
    var isEventStream: Bool { messages.isEventStream }

    /// Where it is.
    var place: StreamPlace { StreamPlace(event: messages.lastEventID ?? lastEventID, retry: messages.retry ?? retry) }

    /// The one message of a response that is here already; nil where it has to be waited for.
    func arrived() throws(HTTPFailure) -> Message? { try messages.arrived() }

    /// The next message; nil at the end.
    func next() async throws(HTTPFailure) -> Message? {
        while true {
            do throws(HTTPFailure) {
                if let message = try await messages.next() { return message }
            } catch {
                guard messages.isIntact, Self.isLoss(error) else { throw error }
                guard try await resume() else { throw error }
                continue
            }
            guard try await resume() else { return nil }
        }
    }

    /// It may take until then, on whatever connection.
    func extend(to deadline: NIODeadline) {
        resumption?.deadline = deadline
        exchange.extend(to: deadline)
    }

    /// Gives the response up: its connection is closed, unless all of it has been read.
    func cancel() {
        isGivenUp = true
        exchange.cancel()
    }

    /// Wants no more of the response.
    func finish() {
        resumption = nil
        exchange.finish()
    }

    /// Opens the response that goes on with the stream; false where there is none to be had.
    private func resume() async throws(HTTPFailure) -> Bool {
        lastEventID = messages.lastEventID ?? lastEventID
        retry = messages.retry ?? retry
        guard let resumption, let lastEventID, !isGivenUp else { return false }
        let next = try await resumption.response(after: lastEventID, pause: retry)
        guard let (exchange, messages) = next else { return false }
        self.exchange = exchange
        self.messages = messages
        if isGivenUp { exchange.cancel() }
        return true
    }

    /// The connection went, and not the server's sense.
    private static func isLoss(_ failure: HTTPFailure) -> Bool {
        failure == .broken(.closed) || failure == .broken(.reset) || failure == .broken(.unreadable)
    }
}
