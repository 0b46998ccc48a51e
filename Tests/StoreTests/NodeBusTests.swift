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

    @Test("what stands on a node's channel reads back as what it was, and anything else is nothing")
    func messages() {
        let session = SessionID()
        let contents: [RelayMessage.Content] = [
            .resume(from: NodeID(), CallID(), round: 10, []), .resume(from: NodeID(), CallID(), round: 1, [0, 32, 255]),
            .poll(from: NodeID()),
            .abandon, .ahead([]), .ahead([1]), .last(status: 200, []), .last(status: 503, [32, 49]), .alive, .unknown,
            .refused(.used), .refused(.expired),
        ]
        let relayed = contents.map { NodeMessage.relay(RelayMessage(CallID(), $0)) }
        for message in [NodeMessage.delivery(session, [0, 10, 255]), .streamTaken(session, fence: .max)] + relayed {
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
        var taken: [String] = []
        var relayed: [RelayMessage] = []
        var isReady = false
    }

    private let state = Mutex(State())

    var messages: [String] { state.withLock { $0.messages } }
    /// Each session whose stream was taken, and the fence.
    var taken: [String] { state.withLock { $0.taken } }
    var ended: Set<SessionID> { state.withLock { $0.ended } }
    /// The versions told of each tenant's catalogue, in order.
    var catalogues: [TenantName: [Int64]] { state.withLock { $0.catalogues } }
    var isReady: Bool { state.withLock { $0.isReady } }

    func received(_ message: [UInt8], for session: SessionID) {
        state.withLock { $0.messages.append("\(session) \(String(decoding: message, as: UTF8.self))") }
    }

    func received(_ message: [UInt8], as sequence: Int64, for session: SessionID, of tenant: TenantName) {
        state.withLock { $0.messages.append("\(session) \(tenant) \(sequence) \(String(decoding: message, as: UTF8.self))") }
    }
    func received(_ message: RelayMessage) { state.withLock { $0.relayed.append(message) } }

    func streamTaken(_ session: SessionID, fence: Int64) { state.withLock { $0.taken.append("\(session) \(fence)") } }

    func sessionEnded(_ session: SessionID) { _ = state.withLock { $0.ended.insert(session) } }

    func heard(_ message: ControlMessage) {
        guard case .catalogueChanged(let tenant, let version) = message else { return }
        state.withLock { $0.catalogues[tenant, default: []].append(version) }
    }

    func reconnected() { state.withLock { $0.isReady = true } }
}
