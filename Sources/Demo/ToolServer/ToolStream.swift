import MCPWire
import NIOCore

/// Messages to one client for as long as its connection lasts, on its event loop: an event stream, or a process' output.
final class ToolStream {
    private let responder: ToolResponder
    private let loop: any EventLoop
    private let emit: (ServerSentEvent) -> Void
    private var plays: [ObjectIdentifier: ToolPlay] = [:]
    private var listeners: [(id: RequestID?, number: Int?)] = []
    private var mailbox: String?
    private var isOpen = true

    init(_ responder: ToolResponder, loop: any EventLoop, emit: @escaping (ServerSentEvent) -> Void) {
        self.responder = responder
        self.loop = loop
        self.emit = emit
    }

    /// Sends what the subscription begins with, and from now on what it asks for.
    func open(_ subscription: ToolSubscription) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        if let mailbox = subscription.mailbox {
            self.mailbox = mailbox
            responder.record.opened(mailbox: mailbox) { reaction in bound.eventLoop.execute { bound.value.deliver(reaction) } }
        }
        subscription.opening.forEach(emit)
        let number = subscription.change.map { change in
            responder.shelf.listen { bound.eventLoop.execute { bound.value.send(change) } }
        }
        listeners.append((subscription.id, number))
        responder.record.opened(listen: subscription.id != nil)
    }

    /// Carries out what is to be done about a message whose answer comes on this stream.
    func deliver(_ reaction: ToolReaction) {
        let pause = responder.pause(before: reaction)
        guard pause > .zero else { return carryOut(reaction) }
        loop.assumeIsolated().scheduleTask(in: pause) { if self.isOpen { self.carryOut(reaction) } }
    }

    /// Ends the subscription that this request opened.
    func end(_ request: RequestID) {
        for index in listeners.indices.reversed() where listeners[index].id == request { forget(listeners.remove(at: index)) }
    }

    /// The connection is gone.
    func close() {
        isOpen = false
        for listener in listeners { forget(listener) }
        for play in plays.values { play.cutOff() }
        (listeners, plays) = ([], [:])
        if let mailbox { responder.record.closed(mailbox: mailbox) }
    }

    private func carryOut(_ reaction: ToolReaction) {
        switch reaction {
        case .reply(let reply): if !reply.body.isEmpty { send(reply.body) }
        case .perform(let turn): perform(turn)
        case .subscribe(let subscription): open(subscription)
        case .reset, .drop, .hang: break
        }
    }

    private func perform(_ turn: ToolTurn) {
        let play = ToolPlay(turn, record: responder.record, loop: loop) { [unowned self] play, piece in
            switch piece {
            case .progress(let message): send(message)
            case .answer(let reply):
                plays[ObjectIdentifier(play)] = nil
                send(reply.body)
            }
        }
        plays[ObjectIdentifier(play)] = play
        play.start()
    }

    private func send(_ message: [UInt8]) {
        if isOpen { emit(ServerSentEvent(data: message)) }
    }

    private func forget(_ listener: (id: RequestID?, number: Int?)) {
        listener.number.map { responder.shelf.forget($0) }
        responder.record.closed(listen: listener.id != nil)
    }
}
