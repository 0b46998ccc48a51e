import Governance
import Testing
import Upstreams

@testable import Gateway

@Suite("Readers of answers")
struct AnswerReadersTests {
    @Test("are woken by news of their own stream, and are no more than a session may have")
    func readers() throws {
        let readers = AnswerReaders()
        let (session, other) = (SessionID(), SessionID())
        let first = try #require(readers.enter(session, "a", most: 2))
        let second = try #require(readers.enter(session, "b", most: 2))
        #expect(readers.enter(session, "c", most: 2) == nil)
        let third = try #require(readers.enter(other, "a", most: 2))
        readers.ring(session, "a")
        readers.ring(session, "c")
        #expect([first, second, third].map(\.bell.count) == [1, 0, 0])
        readers.leave(first)
        readers.leave(first)
        readers.ring(session, "a")
        #expect(first.bell.count == 1)
        #expect(readers.enter(session, "c", most: 2) != nil && readers.enter(session, "d", most: 2) == nil)
    }
}
