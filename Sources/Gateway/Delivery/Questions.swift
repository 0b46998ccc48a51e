import Governance
import MCPWire
import Synchronization

/// What upstreams have asked agents by this node and is not answered yet.
final class Questions: Sendable {
    private struct Open: Sendable {
        let session: SessionID
        let heard: @Sendable (Message) -> Void
    }

    private let open = Mutex<[QuestionID: Open]>([:])

    init() {}

    /// Waits for the answer of that session's agent. `heard` is given it, once, and before it what the agent tells of its progress; it may
    /// be called on any thread.
    func ask(_ id: QuestionID, in session: SessionID, heard: @escaping @Sendable (Message) -> Void) {
        open.withLock { $0[id] = Open(session: session, heard: heard) }
    }

    /// Nobody waits for the answer any more.
    func forget(_ id: QuestionID) {
        _ = open.withLock { $0.removeValue(forKey: id) }
    }

    /// Hands what an agent says of a question to whoever waits for it; what was never asked in that session, or is answered, is dropped.
    func hear(_ message: Message, in session: SessionID) {
        guard let id = message.questionAddressed.flatMap({ QuestionID($0) }) else { return }
        let question = open.withLock { open -> Open? in
            guard let question = open[id], question.session == session else { return nil }
            if message.kind == .response { open[id] = nil }
            return question
        }
        question?.heard(message)
    }
}
