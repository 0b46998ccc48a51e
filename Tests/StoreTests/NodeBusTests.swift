import Fixtures
import Gateway
import Governance
import Redis
import Store
import Synchronization
import Testing

@Suite("The nodes' bus", .timeLimit(.minutes(1)))
struct NodeBusTests {
    @Test("a message reaches the node it is for, and its sender learns when there is no such node")
    func delivers() async throws {
        let bus = RedisNodeBus(try await SharedRedis.client, names: .standard)
        let receiver = RecordingReceiver()
        let node = NodeID()
        let session = SessionID()
        try await running(bus, as: node, receiver) {
            for number in 0..<100 {
                let isTaken = try await bus.deliver(Array("\(number)".utf8), to: session, at: node)
                #expect(isTaken)
            }
            #expect(await eventually { receiver.messages.count == 100 })
            #expect(receiver.messages == (0..<100).map { "\(session) \($0)" })
            let tenant = try TenantName.fresh()
            #expect(try await bus.post(Array("a b  c".utf8), as: 7, to: session, of: tenant, at: node))
            #expect(await eventually { receiver.messages.last == "\(session) \(tenant) 7 a b  c" })
            let isTaken = try await bus.deliver([1], to: session, at: NodeID())
            #expect(!isTaken)
        }
    }

    @Test("every node hears that a session has ended")
    func sessionEnds() async throws {
        let client = try await SharedRedis.client
        let bus = RedisNodeBus(client, names: .standard)
        let directory = RedisSessionDirectory(redis: client)
        let receivers = [RecordingReceiver(), RecordingReceiver()]
        let session = Session(id: SessionID(), tenant: try .fresh(), principal: .sample("a"), transport: .streamable)
        try await running(bus, as: NodeID(), receivers[0]) {
            try await running(bus, as: NodeID(), receivers[1]) {
                try await directory.open(session)
                #expect(try await directory.close(session.id, of: session.tenant))
                #expect(await eventually { receivers.allSatisfy { $0.ended.contains(session.id) } })
            }
        }
    }

    @Test("the node that held a session's stream hears that another has taken it, and only that node")
    func streamTaken() async throws {
        let client = try await SharedRedis.client
        let bus = RedisNodeBus(client, names: .standard)
        let directory = RedisSessionDirectory(redis: client)
        let receivers = [RecordingReceiver(), RecordingReceiver()]
        let nodes = [NodeID(), NodeID()]
        let session = Session(id: SessionID(), tenant: try .fresh(), principal: .sample("a"), transport: .streamable)
        try await running(bus, as: nodes[0], receivers[0]) {
            try await running(bus, as: nodes[1], receivers[1]) {
                try await directory.open(session)
                for node in [nodes[0], nodes[0], nodes[1], nodes[0]] {
                    #expect(try await directory.takeStream(of: session.id, of: session.tenant, for: node) != nil)
                }
                #expect(await eventually { receivers.allSatisfy { $0.taken.count == 1 } })
                #expect(receivers[0].taken == ["\(session.id) 3"] && receivers[1].taken == ["\(session.id) 4"])
            }
        }
    }

    @Test("what an agent says of a question reaches the node that asked it alone, and its sender learns when there is no such node")
    func replies() async throws {
        let bus = RedisNodeBus(try await SharedRedis.client, names: .standard)
        let receivers = [RecordingReceiver(), RecordingReceiver()]
        let nodes = [NodeID(), NodeID()]
        let session = SessionID()
        try await running(bus, as: nodes[0], receivers[0]) {
            try await running(bus, as: nodes[1], receivers[1]) {
                let isTaken = try await bus.reply(Array(#"{"id":"q"}"#.utf8), in: session, at: nodes[1])
                #expect(isTaken)
                #expect(await eventually { receivers[1].replies == [#"\#(session) {"id":"q"}"#] })
                #expect(receivers[0].replies.isEmpty && receivers[1].messages.isEmpty)
                let isLost = try await !bus.reply([1], in: session, at: NodeID())
                #expect(isLost)
            }
        }
    }

    @Test("every node hears that an agent has cancelled a request, whose id keeps its JSON type")
    func cancels() async throws {
        let bus = RedisNodeBus(try await SharedRedis.client, names: .standard)
        let receivers = [RecordingReceiver(), RecordingReceiver()]
        let session = SessionID()
        let tenant = try TenantName.fresh()
        try await running(bus, as: NodeID(), receivers[0]) {
            try await running(bus, as: NodeID(), receivers[1]) {
                for id in ["7", #""7""#, #""a b  c é""#] { try await bus.cancel(Array(id.utf8), in: session, of: tenant) }
                let expected = ["\(session) 7", #"\#(session) "7""#, #"\#(session) "a b  c é""#]
                #expect(await eventually { receivers.allSatisfy { $0.cancelled == expected } })
            }
        }
    }

    @Test("what stands on a node's channel reads back as what it was, and anything else is nothing")
    func messages() throws {
        let session = SessionID()
        let contents: [RelayMessage.Content] = [
            .resume(from: NodeID(), CallID(), round: 10, []), .resume(from: NodeID(), CallID(), round: 1, [0, 32, 255]),
            .poll(from: NodeID()),
            .abandon, .ahead([]), .ahead([1]), .last(status: 200, []), .last(status: 503, [32, 49]), .alive, .unknown,
            .refused(.used), .refused(.expired),
        ]
        let relayed = contents.map { NodeMessage.relay(RelayMessage(CallID(), $0)) }
        let own = [NodeMessage.delivery(session, [0, 10, 255]), .reply(session, [0, 10, 255]), .streamTaken(session, fence: .max)]
        let record = try #require(RecordName("0123456789abcdef" + String(repeating: "c", count: 48)))
        #expect(NodeMessage(NodeMessage.recorded(record).bytes) == .recorded(record))
        for message in own + relayed {
            #expect(NodeMessage(message.bytes) == message)
        }
        for text in [
            "", "m", session.text, session.text + "m", session.text + "t", session.text + "t0", session.text + "tx", session.text + "x1",
            session.text + "r", session.text + "rz",
            session.text + "rg", session.text + "rl200", session.text + "rrx",
        ] {
            #expect(NodeMessage(Array(text.utf8)) == nil)
        }
    }

    /// Runs `body` while the bus listens as `node`.
    @Test("the node that reads an answer hears of each event that is kept, and when another goes on reading")
    func answers() async throws {
        let client = try await SharedRedis.client
        let bus = RedisNodeBus(client, names: .standard)
        let directory = RedisSessionDirectory(redis: client)
        let receivers = [RecordingReceiver(), RecordingReceiver()]
        let nodes = [NodeID(), NodeID()]
        let outboxes = nodes.map { RedisOutbox(redis: client, reader: $0) }
        let session = Session(id: SessionID(), tenant: try .fresh(), principal: .sample("a"), transport: .streamable)
        let stream = AnswerStream(tenant: session.tenant, session: session.id, name: "00000000000000ab")
        let origin = AnswerOrigin(node: nodes[0], requests: [UInt8(ascii: "1")])
        func keep(_ number: Int64) async throws {
            _ = try await outboxes[0].append(KeptEvent(sequence: number, data: [1], isLast: false), of: stream, from: origin)
        }
        try await running(bus, as: nodes[0], receivers[0]) {
            try await running(bus, as: nodes[1], receivers[1]) {
                try await directory.open(session)
                try await keep(1)
                _ = try await outboxes[1].read(stream, after: 0, fence: nil)
                try await keep(2)
                #expect(await eventually { receivers[1].answers == ["\(session.id) 00000000000000ab"] })
                _ = try await outboxes[0].read(stream, after: 0, fence: nil)
                #expect(await eventually { receivers[1].answers.count == 2 })
                try await keep(3)
                _ = try await outboxes[0].read(stream, after: 2, fence: 2)
                #expect(await eventually { receivers[0].answers.count == 1 })
                #expect(receivers[1].answers.count == 2)
            }
        }
    }

    private func running(_ bus: RedisNodeBus, as node: NodeID, _ receiver: RecordingReceiver, _ body: () async throws -> Void) async throws
    {
        let listening = Task { try await bus.run(as: node, receiver: receiver) }
        defer { listening.cancel() }
        #expect(await eventually { receiver.isReady })
        try await body()
    }
}

/// Keeps what the bus brings.
final class RecordingReceiver: NodeBusReceiver, ControlListener {
    private struct State {
        var messages: [String] = []
        var ended: Set<SessionID> = []
        var catalogues: [TenantName: [Int64]] = [:]
        var replies: [String] = []
        var cancelled: [String] = []
        var taken: [String] = []
        var answers: [String] = []
        var relayed: [RelayMessage] = []
        var revoked: [String] = []
        var isReady = false
    }

    private let state = Mutex(State())

    var messages: [String] { state.withLock { $0.messages } }
    /// Each session, and what its agent said of a question.
    var replies: [String] { state.withLock { $0.replies } }
    /// Each session, and the request that its agent cancelled.
    var cancelled: [String] { state.withLock { $0.cancelled } }
    /// Each session whose stream was taken, and the fence.
    var taken: [String] { state.withLock { $0.taken } }
    /// The session and the stream of each answer that went on.
    var answers: [String] { state.withLock { $0.answers } }
    var ended: Set<SessionID> { state.withLock { $0.ended } }
    /// The versions told of each tenant's catalogue, in order.
    var catalogues: [TenantName: [Int64]] { state.withLock { $0.catalogues } }
    var isReady: Bool { state.withLock { $0.isReady } }
    /// Each tenant and its revoked token.
    var revoked: [String] { state.withLock { $0.revoked } }

    func received(_ message: [UInt8], for session: SessionID) {
        state.withLock { $0.messages.append("\(session) \(String(decoding: message, as: UTF8.self))") }
    }

    func received(_ message: [UInt8], as sequence: Int64, for session: SessionID, of tenant: TenantName) {
        state.withLock { $0.messages.append("\(session) \(tenant) \(sequence) \(String(decoding: message, as: UTF8.self))") }
    }
    func replied(_ message: [UInt8], in session: SessionID) {
        state.withLock { $0.replies.append("\(session) \(String(decoding: message, as: UTF8.self))") }
    }

    func cancelled(_ request: [UInt8], in session: SessionID) {
        state.withLock { $0.cancelled.append("\(session) \(String(decoding: request, as: UTF8.self))") }
    }

    func received(_ message: RelayMessage) { state.withLock { $0.relayed.append(message) } }

    func streamTaken(_ session: SessionID, fence: Int64) { state.withLock { $0.taken.append("\(session) \(fence)") } }

    func answerWentOn(_ session: SessionID, stream: String) { state.withLock { $0.answers.append("\(session) \(stream)") } }

    func sessionEnded(_ session: SessionID) { _ = state.withLock { $0.ended.insert(session) } }

    func tokenRevoked(_ token: TokenID, of tenant: TenantName) { state.withLock { $0.revoked.append("\(tenant) \(token)") } }

    func heard(_ message: ControlMessage) {
        guard case .catalogueChanged(let tenant, let version) = message else { return }
        state.withLock { $0.catalogues[tenant, default: []].append(version) }
    }

    func reconnected() { state.withLock { $0.isReady = true } }
}
