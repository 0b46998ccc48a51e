import Governance
import Logging
import MCPWire
import NIOCore
import NIOHTTP1

/// Streamable HTTP: one JSON body, or events on the POST's own stream once something came ahead of the answer. These are kept before they
/// are sent: what an agent has seen it can go on from, at any node, and the answer comes there when its connection is lost.
final class PostReply: MessageReply {
    private let reply: HTTPReply
    private let gateway: Gateway
    private let agent: Agent
    /// The requests that have no answer yet.
    private var unanswered: [RequestID]
    /// The last event of the stream; nil until it has begun.
    private var place: EventID?
    /// Events that could not be kept yet.
    private var unkept: [KeptEvent] = []

    init(_ reply: HTTPReply, gateway: Gateway, agent: Agent, requests: [RequestID]) {
        self.reply = reply
        self.gateway = gateway
        self.agent = agent
        unanswered = requests
    }

    private var session: Session { agent.session }

    /// Events are on their way: nothing can be said by a status any more.
    var hasBegun: Bool { place != nil }

    /// Sends, on a stream that has begun, an answer which is not the last.
    func answer(_ id: RequestID?, _ message: [UInt8]) async {
        leaveUnanswered(id)
        await put(message, isLast: false)
    }

    /// Is to send nothing more of that request.
    func leaveUnanswered(_ id: RequestID?) { unanswered.removeAll { $0 == id } }

    func notify(_ message: [UInt8], until deadline: NIODeadline) async {
        // An agent that left before the first event has no place to go on from.
        guard place != nil || reply.isOpen else { return }
        await put(message, isLast: false)
        await reply.drained(until: deadline)
    }

    func finish(_ message: [UInt8], status: Int, headers: HTTPHeaders) async {
        guard place != nil else { return reply.send(HTTPResponseStatus(statusCode: status), message, headers: headers) }
        await put(message, isLast: true)
        reply.end()
    }

    /// An event without data is kept as the end, and an answer that never began is a stream without events.
    func abandon() async {
        if let place {
            unkept.append(KeptEvent(sequence: place.next.sequence, data: [], isLast: true))
            _ = await keep(place.stream)
        } else {
            reply.stream(every: gateway.configuration.keepAlive)
        }
        reply.end()
    }

    private func put(_ message: [UInt8], isLast: Bool) async {
        let start = place ?? EventID()
        let id = start.next
        place = id
        unkept.append(KeptEvent(sequence: id.sequence, data: message, isLast: isLast))
        let isTaken = await keep(id.stream)
        if start.sequence == 0 { begin(start) }
        if isTaken { reply.end() }
        reply.event(message, name: "message", id: id)
    }

    /// Keeps what is to be kept; true when another connection has taken the stream up, so that nothing more is sent on this one.
    private func keep(_ name: String) async -> Bool {
        let stream = AnswerStream(tenant: session.tenant, session: session.id, name: name)
        let origin = AnswerOrigin(node: gateway.node, requests: RequestID.joined(unanswered))
        var taken = false
        do {
            while let event = unkept.first {
                taken = (try await gateway.outbox.append(event, of: stream, from: origin) ?? 0) > 0
                unkept.removeFirst()
            }
        } catch {
            gateway.logger(of: agent).warning("an event was not kept", metadata: ["session": "\(session.id)", "error": "\(error)"])
        }
        return taken
    }

    private func begin(_ start: EventID) {
        reply.stream(every: gateway.configuration.keepAlive)
        if session.primesStreams { reply.prime(start) }
    }
}

extension Session {
    /// Its client understands events without data.
    var primesStreams: Bool { dialect?.primesStreams ?? false }

    /// What was agreed on; nil before a handshake, and where there is none.
    var dialect: Dialect? { revision.flatMap { Dialect.named($0) } }
}

extension HTTPReply {
    /// Sends an event of nothing but an id, and when to come back should the connection be lost.
    func prime(_ id: EventID) { event(ServerSentEvent(id: id.text, data: [], retry: 1000)) }

    /// Sends a message under an id.
    func event(_ data: [UInt8], name: String, id: EventID) { event(ServerSentEvent(id: id.text, name: name, data: data)) }
}
