import Governance
import MCPWire
import Synchronization
import Testing

@testable import Gateway

@Suite("Questions to agents")
struct QuestionsTests {
    private let questions = Questions()
    private let session = SessionID()
    private let heard = Heard()

    private func ask(_ id: QuestionID) {
        questions.ask(id, in: session) { [heard] in heard.add($0) }
    }

    private func answer(to id: RequestID, _ text: String = "{}") throws -> Message {
        try Message(Array(#"{"jsonrpc":"2.0","id":"#.utf8) + id.raw + Array(#","result":\#(text)}"#.utf8))
    }

    @Test("an id names the node that waits, reads back as what it was, and nothing else is one")
    func ids() throws {
        let node = NodeID()
        let id = QuestionID(at: node)
        #expect(QuestionID(id.requestID) == id && id.node == node && QuestionID(at: node) != id)
        let text = try #require(id.requestID.text)
        for wrong in [
            "7", #""""#, #""\#(node)""#, #""\#(text)0""#, #""\#(text.uppercased())x""#, #""\#(node).\#(node).\#(node)""#, #"".""#,
        ] {
            #expect(QuestionID(try #require(RequestID(raw: Array(wrong.utf8)))) == nil)
        }
    }

    @Test("are answered once")
    func once() throws {
        let id = QuestionID(at: NodeID())
        ask(id)
        for _ in 0..<3 { questions.hear(try answer(to: id.requestID), in: session) }
        #expect(heard.count == 1)
    }

    @Test("are answered by the session that was asked and by no other")
    func bound() throws {
        let id = QuestionID(at: NodeID())
        ask(id)
        questions.hear(try answer(to: id.requestID), in: SessionID())
        #expect(heard.count == 0)
        questions.hear(try answer(to: id.requestID), in: session)
        #expect(heard.count == 1)
    }

    @Test("are told the agent's progress until the answer")
    func progress() throws {
        let id = QuestionID(at: NodeID())
        ask(id)
        let token = String(decoding: id.requestID.raw, as: UTF8.self)
        let progress = try Message(
            Array(#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":\#(token),"progress":1}}"#.utf8))
        questions.hear(progress, in: session)
        questions.hear(progress, in: session)
        questions.hear(try answer(to: id.requestID), in: session)
        questions.hear(progress, in: session)
        #expect(heard.count == 3)
    }

    @Test("that nobody waits for any more, or that nobody asked, are not answered")
    func forgotten() throws {
        let id = QuestionID(at: NodeID())
        ask(id)
        questions.forget(id)
        questions.hear(try answer(to: id.requestID), in: session)
        questions.hear(try answer(to: QuestionID(at: id.node).requestID), in: session)
        questions.hear(try answer(to: RequestID(1)), in: session)
        #expect(heard.count == 0)
    }
}

/// Counts what it is given.
private final class Heard: Sendable {
    private let messages = Mutex<[Message]>([])

    var count: Int { messages.withLock { $0.count } }

    func add(_ message: Message) { messages.withLock { $0.append(message) } }
}
