import Governance
import MCPWire
import NIOCore
import Synchronization

/// An upstream session in which one call at a time runs, so that whatever the upstream says in it belongs to that call.
final class ExclusiveSession: Sendable {
    private struct State {
        var call: ItemQueue?
        var ear: SessionEar?
        var patience = Ear.Patience()
        var lastUse = NIODeadline.now()
        var logLevel: LogLevel?
    }

    let session: any UpstreamSession
    /// The agent that it was opened for.
    let agent: SessionID
    private let profile: ClientProfile
    /// Takes in what is for no call.
    private let others: @Sendable (Message) -> Void
    private let lane: Lane
    private let state = Mutex(State())

    init(
        _ session: any UpstreamSession, for agent: SessionID, as profile: ClientProfile, on lane: Lane,
        others: @escaping @Sendable (Message) -> Void
    ) {
        self.session = session
        self.agent = agent
        self.profile = profile
        self.lane = lane
        self.others = others
    }

    var lastUse: NIODeadline { state.withLock { $0.lastUse } }

    /// Listens from now on; returns when the upstream's stream has begun, as what is said before that is lost.
    func listen(by tasks: TaskOwner, before deadline: NIODeadline, on eventLoop: any EventLoop) async {
        let ear = SessionEar(session, on: lane) { [weak self] message in self?.heard(message) }
        state.withLock { $0.ear = ear }
        guard tasks.start(on: lane, { await ear.run() }) else { return }
        await ear.opened(before: min(deadline, .now() + SessionEar.patience), on: eventLoop)
    }

    /// What is heard belongs to this call from now on; to none without one.
    func serve(_ call: ItemQueue?) {
        state.withLock { state in
            state.call = call
            state.lastUse = .now()
        }
    }

    /// The least level that the upstream was told to log; true where this is another.
    func adopts(_ level: LogLevel) -> Bool {
        state.withLock { state in
            defer { state.logLevel = level }
            return state.logLevel != level
        }
    }

    /// Sends a message without waiting.
    func post(_ message: [UInt8]) { session.post(message, on: lane) }

    /// Ends the session at the upstream.
    func close() {
        state.withLock { $0.ear }?.close()
        session.close(on: lane)
    }

    private func notified(_ message: Message, _ call: ItemQueue?) {
        switch message.method {
        case Method.logMessage where message.loggedLevel != nil: call?.put(.log(message))
        case Method.cancelled: call?.put(.withdrawn(message))
        case Method.elicited: call?.put(.elicited(message))
        default: others(message)
        }
    }

    private func heard(_ message: Message) {
        let (call, mayReply) = state.withLock { state in
            (state.call, message.kind == .request ? state.patience.allows() : false)
        }
        switch message.kind {
        case .response: return
        case .notification: notified(message, call)
        case .request:
            call?.markStarted()
            guard mayReply else { return }
            if let call, let needed = message.neededAbility, profile.abilities.contains(needed) { return call.put(.asked(message)) }
            if let reply = Outgoing.reply(to: message) { post(reply) }
        }
    }
}
