import Gateway
import Governance
import Redis
import Store
import Testing

@Suite("What is kept of answers that are streams")
struct OutboxConformanceTests {
    @Test("what was kept is read in order behind any event, until the end", arguments: OutboxUnderTest.all)
    func order(_ subject: OutboxUnderTest) async throws {
        let world = try await subject.open()
        let stream = try await world.stream()
        #expect(try await world.outbox.read(stream, after: 0, fence: nil) == nil)
        for number in Int64(1)...3 {
            #expect(try await world.append(number, [0, 13, 10, 255, UInt8(number)], isLast: number == 3, to: stream) == 0)
        }
        // A repeat of what arrived changes nothing.
        #expect(try await world.append(2, [1], to: stream) == 0)
        let page = try #require(try await world.outbox.read(stream, after: 1, fence: nil))
        let events: [(sequence: Int64, data: [UInt8])] = [(2, [0, 13, 10, 255, 2]), (3, [0, 13, 10, 255, 3])]
        #expect(page == OutboxPage(fence: 1, first: 1, last: 3, origin: world.origin, hasEnded: true, events: events))
        #expect(try await world.outbox.read(stream, after: 3, fence: 1)?.events.isEmpty == true)
        let other = AnswerStream(tenant: world.tenant, session: try await world.stream().session, name: stream.name)
        #expect(try await world.outbox.read(other, after: 0, fence: nil) == nil, "another session's")
    }

    @Test("the newest reader is the only one, and the call's node learns of it", arguments: OutboxUnderTest.all)
    func fences(_ subject: OutboxUnderTest) async throws {
        let world = try await subject.open()
        let stream = try await world.stream()
        #expect(try await world.append(1, [1], to: stream) == 0)
        #expect(try await world.outbox.read(stream, after: 0, fence: nil)?.fence == 1)
        #expect(try await world.append(2, [1], to: stream) == 1)
        #expect(try await world.outbox.read(stream, after: 0, fence: nil)?.fence == 2)
        #expect(try await world.outbox.read(stream, after: 0, fence: 1)?.fence == 2)
        #expect(try await world.append(3, [1], isLast: true, to: stream) == 2)
    }

    @Test("of too many events the newest are kept, and the first tells that there is a gap", arguments: OutboxUnderTest.all)
    func caps(_ subject: OutboxUnderTest) async throws {
        let world = try await subject.open()
        let many = try await world.stream()
        for number in Int64(1)...1003 { try await world.append(number, [1], to: many) }
        #expect(try await world.outbox.read(many, after: 0, fence: nil)?.first == 4)
        #expect(try await world.all(many, after: 0) == Array(4...1003))
        let large = try await world.stream()
        for number in Int64(1)...5 { try await world.append(number, [UInt8](repeating: 7, count: 1 << 20), to: large) }
        #expect(try await world.outbox.read(large, after: 0, fence: nil)?.first == 2)
        #expect(try await world.all(large, after: 0) == [2, 3, 4, 5])
        try await world.append(6, [UInt8](repeating: 7, count: (4 << 20) + 1), isLast: true, to: large)
        let page = try #require(try await world.outbox.read(large, after: 5, fence: nil))
        #expect(page.first == 7 && page.last == 6 && page.hasEnded && page.events.isEmpty)
    }

    @Test(
        "messages for a session's own stream are numbered in their order, and whoever posts learns who holds the stream",
        arguments: OutboxUnderTest.all)
    func posts(_ subject: OutboxUnderTest) async throws {
        let world = try await subject.open()
        let stream = try await world.stream()
        let (here, there) = (NodeID(), NodeID())
        func post(_ byte: UInt8) async throws -> PostedMessage? { try await world.outbox.post([byte], to: stream, from: here) }
        #expect(try await post(1) == PostedMessage(sequence: 1, holder: nil))
        let first = try #require(try await world.sessions.takeStream(of: stream.session, of: world.tenant, for: here))
        #expect(try await post(2) == PostedMessage(sequence: 2, holder: here))
        let second = try #require(try await world.sessions.takeStream(of: stream.session, of: world.tenant, for: there))
        try await world.outbox.release(stream.session, of: world.tenant, fence: first)
        #expect(try await world.outbox.holder(of: stream.session, of: world.tenant) == there)
        try await world.outbox.release(stream.session, of: world.tenant, fence: second)
        #expect(try await world.outbox.holder(of: stream.session, of: world.tenant) == nil)
        for number in UInt8(3)...120 { _ = try await post(number) }
        let page = try #require(try await world.outbox.read(stream, after: 1, fence: AnswerStream.noFence))
        #expect(page.fence == 0 && page.first == 1 && page.last == 120 && page.events.map(\.data) == (2...101).map { [$0] })
        let end = try #require(try await world.outbox.read(stream, after: AnswerStream.end, fence: AnswerStream.noFence))
        #expect(end.last == 120 && end.events.isEmpty)
        _ = try await world.sessions.close(stream.session, of: world.tenant)
        #expect(try await post(1) == nil)
    }

    @Test("nothing is kept for a session that has ended", arguments: OutboxUnderTest.all)
    func ended(_ subject: OutboxUnderTest) async throws {
        let world = try await subject.open()
        let stream = try await world.stream()
        try await world.append(1, [1], to: stream)
        _ = try await world.sessions.close(stream.session, of: world.tenant)
        #expect(try await world.append(2, [1], to: stream) == nil)
        #expect(try await world.outbox.read(stream, after: 0, fence: nil) == nil)
    }

    @Test("what is kept lives no longer than its session would")
    func lifetime() async throws {
        let client = try await SharedRedis.client
        let world = try await OutboxUnderTest.all[1].open()
        let stream = try await world.stream()
        let keys = KeyNames.standard.keys(of: world.tenant)
        _ = try await client.send(["PEXPIRE", .text(keys.session(stream.session)), "60000"])
        try await world.append(1, [1], to: stream)
        for key in [keys.outbox(stream.session, stream.name), keys.outboxState(stream.session, stream.name)] {
            #expect((1...60_000).contains(try await client.send(["PTTL", .text(key)]).number ?? -1))
        }
    }

    @Test("an event's id reads back as what it was, and anything else is none")
    func ids() throws {
        let id = EventID(stream: NodeID().text, sequence: 12)
        #expect(EventID(id.text) == id)
        let name = id.stream
        for text in [
            "", "-", name, "\(name)-", "\(name)-x", "\(name)--1", "\(name)-01", "\(name)-+1", "\(name)-1-1", "\(name)-9999999999999999",
            "x\(name)-1", "\(name.uppercased())A-1", "\(name)-1\n", "*-1",
        ] {
            #expect(EventID(text) == nil, "\(text)")
        }
    }
}
