import Governance
import Synchronization

/// The own stream of a session of Streamable HTTP, as this node holds it: its messages have numbers and go out in their order, each once.
final class OwnStream: Sendable {
    private let stream: HeldStream
    private let name: String
    private let last: Mutex<Int64>

    /// One that has everything up to the message of that number.
    init(_ stream: HeldStream, named name: String, after last: Int64) {
        self.stream = stream
        self.name = name
        self.last = Mutex(last)
    }

    /// The number of the last message sent.
    var place: Int64 { last.withLock { $0 } }

    /// Sends the message, unless it was sent; false where others have to be sent before it.
    func send(_ message: [UInt8], as sequence: Int64) -> Bool {
        last.withLock { last in
            guard sequence > last else { return true }
            guard sequence == last + 1 else { return false }
            last = sequence
            stream.send(message, id: EventID(stream: name, sequence: sequence))
            return true
        }
    }

    /// Ends the stream because the node stops: what comes from now on is for the agent's next one.
    func part() {
        last.withLock { last in
            stream.part(behind: EventID(stream: name, sequence: last))
            last = .max
        }
    }

    /// What comes before that number is not kept any more.
    func skip(before sequence: Int64) { last.withLock { $0 = max($0, sequence - 1) } }
}

extension Session {
    /// What its own stream is called in the ids of events: always the same, so that any node can go on with it.
    var ownStream: AnswerStream { AnswerStream(tenant: tenant, session: id, name: String(id.text.prefix(16))) }
}
