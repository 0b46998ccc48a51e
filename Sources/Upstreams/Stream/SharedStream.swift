import MCPWire
import NIOCore
import Synchronization

/// One stream on which an upstream answers many requests: sorts its messages into the mailboxes of those who wait for them. It may be used
/// from any thread.
final class SharedStream: Sendable {
    private struct Slot {
        /// Held by the one who waits; when it is let go, the slot goes too.
        weak var mailbox: Mailbox?
        let isListener: Bool
    }

    private struct State {
        var slots: [Int: Slot] = [:]
        var failure: HTTPFailure?
        /// Told what belongs to no request.
        var ear: (@Sendable (Message) -> Void)?
    }

    private let state = Mutex(State())
    private let lastID = Atomic<Int>(0)
    private let unreadableMessages = Atomic<Int>(0)
    private let silent = Atomic<Bool>(false)

    /// A number no other request on this stream has.
    func newID() -> Int { lastID.add(1, ordering: .relaxed).newValue }

    /// Those who wait for something.
    var waiting: Int { state.withLock { $0.slots.count } }
    /// Messages that were none.
    var unreadable: Int { unreadableMessages.load(ordering: .relaxed) }
    /// True when nothing comes any more.
    var isOver: Bool { state.withLock { $0.failure != nil } }

    /// From now on the upstream's requests are not replied to: its revision has none.
    func leaveRequestsUnanswered() { silent.store(true, ordering: .relaxed) }

    /// Where the messages about the request of this number go, or, for a listener, those about changes; nil when the stream is over.
    func mailbox(_ id: Int, isListener: Bool = false, on eventLoop: any EventLoop, before deadline: NIODeadline) -> Mailbox? {
        let mailbox = Mailbox(on: eventLoop, before: deadline) { [weak self] in self?.forget(id) }
        let isOpen = state.withLock { state in
            guard state.failure == nil else { return false }
            state.slots[id] = Slot(mailbox: mailbox, isListener: isListener)
            return true
        }
        return isOpen ? mailbox : nil
    }

    /// Has what belongs to no request told to `ear`, which replies to the upstream's requests from now on; false when the stream is over.
    func overhear(_ ear: @escaping @Sendable (Message) -> Void) -> Bool {
        state.withLock { state in
            guard state.failure == nil else { return false }
            state.ear = ear
            return true
        }
    }

    /// Takes in one message of the upstream; answers what is to be replied to it.
    func receive(_ bytes: [UInt8]) -> [UInt8]? {
        guard let message = try? Message(bytes) else {
            unreadableMessages.add(1, ordering: .relaxed)
            return nil
        }
        switch message.kind {
        case .response:
            if let id = message.id?.number { take(id)?.deliver(message) }
            return nil
        case .notification:
            for mailbox in recipients(of: message) { mailbox.deliver(message) }
            if message.method != Method.progress { ear?(message) }
            return nil
        case .request:
            // Nothing says which call it belongs to: none of them may pass for one that did not run.
            for mailbox in mailboxes(where: { !$0.isListener }) { mailbox.deliver(message) }
            if let ear {
                ear(message)
                return nil
            }
            return silent.load(ordering: .relaxed) ? nil : Outgoing.reply(to: message)
        }
    }

    /// Nothing comes any more; all who wait learn why.
    func end(_ failure: HTTPFailure) {
        let slots = state.withLock { state in
            if state.failure == nil { state.failure = failure }
            defer { state.slots = [:] }
            state.ear = nil
            return state.slots
        }
        for slot in slots.values { slot.mailbox?.fail(failure) }
    }

    private var ear: (@Sendable (Message) -> Void)? { state.withLock { $0.ear } }

    private func recipients(of notification: Message) -> [Mailbox] {
        switch notification.method {
        case Method.progress:
            guard let token = notification.progressTokenOfParams, let id = Int(String(decoding: token, as: UTF8.self)) else { return [] }
            return state.withLock { $0.slots[id]?.mailbox }.map { [$0] } ?? []
        case Method.acknowledged: return mailboxes(where: \.isListener)
        default: return Notice(notification) == nil ? [] : mailboxes(where: \.isListener)
        }
    }

    // What these answer is let go outside of the lock: a mailbox that goes with it takes the lock.

    private func mailboxes(where isWanted: (Slot) -> Bool) -> [Mailbox] {
        state.withLock { $0.slots.values.compactMap { isWanted($0) ? $0.mailbox : nil } }
    }

    private func take(_ id: Int) -> Mailbox? {
        state.withLock { $0.slots.removeValue(forKey: id)?.mailbox }
    }

    private func forget(_ id: Int) { state.withLock { _ = $0.slots.removeValue(forKey: id) } }
}

extension Outgoing {
    /// The reply to a request of an upstream, to which no capability was declared; nil for what needs none.
    static func reply(to request: Message) -> [UInt8]? {
        guard let id = request.id else { return nil }
        return request.method == Method.ping ? emptyResult(id: id) : methodNotFound(id: id)
    }
}
