package import MCPWire
package import NIOCore

/// The messages of one call until its answer. Bound to the event loop it was made on; when it is let go before the answer, the call is
/// cancelled at the upstream and its connection closed.
package final class UpstreamExchange {
    /// What an upstream says about a call.
    package enum Item: Sendable {
        /// A progress notification for the agent, its own token put back.
        case progress([UInt8])
        /// A log message of the upstream's, as it came.
        case log(Message)
        /// It asks the agent something, which it may: `respond` takes the answer, under the id of this request.
        case asked(Message)
        /// A `notifications/elicitation/complete`: what the agent was sent to a page for is done.
        case elicited(Message)
        /// A `notifications/cancelled`: it does not want to know any more what it has asked.
        case withdrawn(Message)
        case answer(Answer)
    }

    private let id: Int
    private let call: ForwardedRequest?
    private let backchannel: (any Backchannel)?
    /// The agent that the upstream knows of; nil: it is asked nothing.
    private let profile: ClientProfile?
    private let era: Dialect.Kind
    /// The messages of a response of its own …
    private let response: NIOLoopBound<ResponseStream>?
    /// … or those of a stream that is shared.
    private let mailbox: Mailbox?
    /// … or what a session brings that has no other call.
    private let items: (call: ExclusiveCall, eventLoop: any EventLoop)?
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
        _ response: ResponseStream, id: Int, call: ForwardedRequest?, lane: Lane, backchannel: (any Backchannel)?,
        profile: ClientProfile? = nil, era: Dialect.Kind = .legacy
    ) {
        self.response = NIOLoopBound(response, eventLoop: lane.eventLoop)
        self.era = era
        self.profile = profile
        mailbox = nil
        items = nil
        self.id = id
        self.call = call
        self.backchannel = backchannel
    }

    /// The exchange of a request whose messages are put in the mailbox.
    init(
        _ mailbox: Mailbox, id: Int, call: ForwardedRequest?, backchannel: any Backchannel, profile: ClientProfile? = nil,
        era: Dialect.Kind = .legacy
    ) {
        response = nil
        self.era = era
        self.profile = profile
        self.mailbox = mailbox
        items = nil
        self.id = id
        self.call = call
        self.backchannel = backchannel
    }

    /// The exchange of a call in a session of which everything belongs to it. Read on that lane's event loop.
    init(_ call: ExclusiveCall, on lane: Lane) {
        items = (call, lane.eventLoop)
        response = nil
        mailbox = nil
        id = 0
        self.call = nil
        backchannel = call
        profile = nil
        era = .legacy
    }

    deinit {
        guard !isOver else { return }
        onEnd?(.cancelled)
        let (backchannel, id) = (backchannel, id)
        guard let response else {
            backchannel?.cancel(id)
            return
        }
        response.eventLoop.execute {
            guard response.value.isOpen else { return }
            response.value.cancel()
            backchannel?.cancel(id)
        }
    }

    /// The next message, the answer being the last; nil after it.
    package func next() async throws(UpstreamFailure) -> Item? {
        guard !isOver else { return nil }
        if let items { return try await next(of: items.call.items, on: items.eventLoop) }
        if let response, let item = try arrived(of: response.value) { return item }
        while true {
            let message: Message?
            do throws(HTTPFailure) { message = try await nextMessage() } catch { throw failed(error) }
            guard let message else { throw failed(.broken(.endedEarly)) }
            if let item = try take(message) { return item }
        }
    }

    /// Gives the call up: tells the upstream and closes the connection.
    package func cancel() {
        guard !isOver else { return }
        end(.cancelled)
        response?.value.cancel()
        backchannel?.cancel(id)
    }

    /// Sends the answer to something that the upstream has asked: a response under its request's id.
    package func respond(_ response: [UInt8]) {
        if !isOver { backchannel?.post(response) }
    }

    /// The answer may take until then, whatever was said before.
    package func extend(to deadline: NIODeadline) {
        items?.call.extend(to: deadline)
        response?.value.extend(to: deadline)
        mailbox?.extend(to: deadline)
    }

    private func end(_ failure: UpstreamFailure?) {
        isOver = true
        onEnd?(failure)
        onEnd = nil
    }

    /// What the response says that is here already; nil where it has to be waited for.
    private func arrived(of response: ResponseStream) throws(UpstreamFailure) -> Item? {
        let message: Message?
        do throws(HTTPFailure) { message = try response.arrived() } catch { throw failed(error) }
        return try message.flatMap { message throws(UpstreamFailure) in try take(message) }
    }

    private func next(of items: ItemQueue, on eventLoop: any EventLoop) async throws(UpstreamFailure) -> Item {
        do throws(UpstreamFailure) {
            let item = try await items.next(on: eventLoop)
            hasStarted = items.hasStarted
            if case .answer = item { end(nil) }
            return item
        } catch {
            hasStarted = items.hasStarted
            end(error)
            items.abandon()
            throw error
        }
    }

    private func nextMessage() async throws(HTTPFailure) -> Message? {
        if let mailbox { return try await mailbox.next() }
        return try await response?.value.next()
    }

    private func take(_ message: Message) throws(UpstreamFailure) -> Item? {
        switch message.kind {
        case .response: return try answer(message)
        case .notification:
            return notified(message)
        case .request:
            asked += 1
            hasStarted = true
            guard asked <= Self.mostAsked else { return nil }
            if let needed = message.neededAbility, profile?.abilities.contains(needed) == true { return .asked(message) }
            backchannel?.answer(message)
            return nil
        }
    }

    private func notified(_ message: Message) -> Item? {
        if message.method == Method.cancelled { return profile == nil ? nil : .withdrawn(message) }
        if message.method == Method.elicited { return profile == nil ? nil : .elicited(message) }
        if message.loggedLevel != nil {
            guard profile != nil else { return nil }
            hasStarted = true
            return .log(message)
        }
        guard let progress = call?.progress(message, sentAs: id) else { return nil }
        hasStarted = true
        return .progress(progress)
    }

    /// An answer that is ours, or an error that is addressed to nobody.
    private func answer(_ message: Message) throws(UpstreamFailure) -> Item? {
        guard let answer = try? Answer(message, era: era), answer.id == nil || answer.id?.number == id else { return nil }
        response?.value.finish()
        guard era == .modern, answer.resultType != "complete", profile == nil || !answer.asksForInput else {
            end(nil)
            return .answer(answer)
        }
        let failure: UpstreamFailure =
            answer.asksForInput ? .needsInput : .broken(reason: "a result of a kind that was not asked for")
        end(failure)
        throw failure
    }

    private func failed(_ failure: HTTPFailure) -> UpstreamFailure {
        let reason = UpstreamFailure(failure)
        end(reason)
        response?.value.cancel()
        if failure.leavesWorkBehind { backchannel?.cancel(id) }
        return reason
    }
}
