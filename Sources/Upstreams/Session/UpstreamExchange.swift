package import MCPWire
import NIOCore

/// The messages of one call until its answer. Bound to the event loop it was made on; when it is let go before the answer, the call is
/// cancelled at the upstream and its connection closed.
package final class UpstreamExchange {
    /// What an upstream says about a call.
    package enum Item: Sendable {
        /// A progress notification for the agent, its own token put back.
        case progress([UInt8])
        case answer(Answer)
    }

    private let id: Int
    private let call: ToolCall?
    private let backchannel: (any Backchannel)?
    /// The messages of a response of its own …
    private var response: ResponseMessages?
    private let exchange: NIOLoopBound<HTTPExchange>?
    /// … or those of a stream that is shared.
    private let mailbox: Mailbox?
    private var isOver = false
    /// Told once when the exchange is over: nil after an answer, else why there is none.
    var onEnd: (@Sendable (UpstreamFailure?) -> Void)?
    /// The call told of its progress or asked its client something ahead of the answer: it ran, whatever the answer says. A tool whose
    /// question is declined may pass the refusal on as its own.
    package private(set) var hasStarted = false
    /// What the upstream asked during the call so far.
    private var asked = 0
    /// More is not answered: each answer takes a connection.
    private static let mostAsked = 32

    /// The exchange of the request that was sent under this number; `call` is what its progress belongs to.
    init(
        _ exchange: HTTPExchange, messages: ResponseMessages, id: Int, call: ToolCall?, lane: Lane, backchannel: (any Backchannel)?
    ) {
        self.exchange = NIOLoopBound(exchange, eventLoop: lane.eventLoop)
        self.response = messages
        mailbox = nil
        self.id = id
        self.call = call
        self.backchannel = backchannel
    }

    /// The exchange of a request whose messages are put in the mailbox.
    init(_ mailbox: Mailbox, id: Int, call: ToolCall?, backchannel: any Backchannel) {
        exchange = nil
        self.mailbox = mailbox
        self.id = id
        self.call = call
        self.backchannel = backchannel
    }

    deinit {
        guard !isOver else { return }
        onEnd?(.cancelled)
        let (backchannel, id) = (backchannel, id)
        guard let exchange else {
            backchannel?.cancel(id)
            return
        }
        exchange.eventLoop.execute {
            guard exchange.value.isOpen else { return }
            exchange.value.cancel()
            backchannel?.cancel(id)
        }
    }

    /// The next message, the answer being the last; nil after it.
    package func next() async throws(UpstreamFailure) -> Item? {
        guard !isOver else { return nil }
        do throws(HTTPFailure) {
            while let message = try await nextMessage() {
                if let item = take(message) { return item }
            }
        } catch {
            throw failed(error)
        }
        throw failed(.broken(.endedEarly))
    }

    /// Gives the call up: tells the upstream and closes the connection.
    package func cancel() {
        guard !isOver else { return }
        end(.cancelled)
        exchange?.value.cancel()
        backchannel?.cancel(id)
    }

    private func end(_ failure: UpstreamFailure?) {
        isOver = true
        onEnd?(failure)
        onEnd = nil
    }

    private func nextMessage() async throws(HTTPFailure) -> Message? {
        if let mailbox { return try await mailbox.next() }
        return try await response?.next()
    }

    private func take(_ message: Message) -> Item? {
        switch message.kind {
        case .response: return answer(message)
        case .notification:
            guard let progress = call?.progress(message, sentAs: id) else { return nil }
            hasStarted = true
            return .progress(progress)
        case .request:
            asked += 1
            hasStarted = true
            if asked <= Self.mostAsked { backchannel?.answer(message) }
            return nil
        }
    }

    /// An answer that is ours, or an error that is addressed to nobody.
    private func answer(_ message: Message) -> Item? {
        guard let answer = try? Answer(message), answer.id == nil || answer.id?.number == id else { return nil }
        end(nil)
        exchange?.value.finish()
        return .answer(answer)
    }

    private func failed(_ failure: HTTPFailure) -> UpstreamFailure {
        let reason = UpstreamFailure(failure)
        end(reason)
        exchange?.value.cancel()
        if failure.leavesWorkBehind { backchannel?.cancel(id) }
        return reason
    }
}
