import HTTPWire
import MCPWire
import NIOCore
import NIOHTTP1
import Synchronization

/// One stream of HTTP+SSE: a GET on which an upstream says where messages go, and on which all of its own come. It is read on one lane;
/// messages are sent from any.
final class EventStreamCarrier: Carrier {
    private struct State {
        /// Where messages go; nil until the upstream has said it.
        var target: PreparedHead?
        var failure: UpstreamFailure?
    }

    /// What a stream's life waits for.
    private enum Step { case ended, stopped }

    let stream = SharedStream()
    private let endpoint: Endpoint
    private let lane: Lane
    private let state = Mutex(State())
    private let changed = Bell()
    private let stopWanted = Bell()
    private let heard = Atomic<Int>(0)

    /// A stream as silent as that is asked for a sign of life.
    private static let pause = TimeAmount.seconds(60)

    init(_ endpoint: Endpoint, on lane: Lane) {
        self.endpoint = endpoint
        self.lane = lane
    }

    /// Returns when the upstream has said where messages go.
    func opened(before deadline: NIODeadline, on eventLoop: any EventLoop) async throws(UpstreamFailure) {
        while true {
            let seen = changed.count
            let (target, failure) = state.withLock { ($0.target, $0.failure) }
            if let failure { throw failure }
            if target != nil { return }
            guard deadline > .now(), !Task.isCancelled else { throw .notDispatched(reason: "no endpoint event in time") }
            await changed.wait(after: seen, until: deadline, on: eventLoop)
        }
    }

    /// Opens the stream, which must begin before the deadline, and reads it until it ends, is closed, or the task is cancelled.
    func run(before deadline: NIODeadline) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.read(before: deadline) }
            group.addTask { await self.stopWanted.wait(after: 0, until: .now() + .hours(24 * 365 * 100), on: self.lane.eventLoop) }
            group.addTask { await self.askForLife() }
            await group.next()
            group.cancelAll()
        }
        failed(UpstreamFailure(.broken(.streamEnded)))
        stream.end(.broken(.streamEnded))
    }

    private func read(before deadline: NIODeadline) async {
        do throws(UpstreamFailure) {
            let exchange = try await begin(before: deadline)
            defer { exchange.cancel() }
            try await read(exchange)
        } catch {
            failed(error)
        }
    }

    /// Opens the stream.
    private func begin(before deadline: NIODeadline) async throws(UpstreamFailure) -> HTTPExchange {
        let (exchange, head): (HTTPExchange, ResponseHead)
        do throws(HTTPFailure) {
            exchange = try await lane.send(
                [], under: endpoint.prepared(method: .get), before: deadline, resend: .ifUnanswered, isApart: true)
            head = try await exchange.responseHead()
        } catch {
            throw UpstreamFailure(error)
        }
        guard head.status == .ok, head.headers.first(name: "content-type")?.lowercased().hasPrefix("text/event-stream") == true else {
            exchange.cancel()
            throw .broken(reason: head.status == .ok ? "no event stream" : "HTTP \(head.status.code)")
        }
        return exchange
    }

    private func read(_ exchange: HTTPExchange) async throws(UpstreamFailure) {
        var parser = ServerSentEventParser(limit: ResponseMessages.limit)
        var patience = Ear.Patience()
        do throws(HTTPFailure) {
            while true {
                exchange.extend(to: .now() + Ear.silence)
                guard let piece = try await exchange.nextPiece() else { return }
                heard.add(1, ordering: .relaxed)
                guard let events = try? parser.push(piece.readableBytesView) else { throw .broken(.tooLarge) }
                for event in events {
                    guard state.withLock({ $0.target != nil }) else {
                        try found(event)
                        continue
                    }
                    guard event.name == nil || event.name == "message", let reply = stream.receive(event.data) else { continue }
                    if patience.allows() { post(reply) }
                }
            }
        } catch {
            throw UpstreamFailure(error)
        }
    }

    /// Takes the first event, which says where messages go: the same origin, so that no upstream can point the node elsewhere.
    private func found(_ event: ServerSentEvent) throws(HTTPFailure) {
        guard event.name == "endpoint" else { throw .broken(.noEndpoint) }
        guard let place = endpoint.sibling(String(decoding: event.data, as: UTF8.self)) else { throw .broken(.otherOrigin) }
        let target = place.prepared()
        state.withLock { $0.target = target }
        changed.ring()
    }

    /// Keeps an idle stream from looking dead.
    private func askForLife() async {
        let never = Bell()
        while !Task.isCancelled {
            let before = heard.load(ordering: .relaxed)
            await never.wait(after: 0, until: .now() + Self.pause, on: lane.eventLoop)
            if !Task.isCancelled, heard.load(ordering: .relaxed) == before { post(Outgoing.ping(id: stream.newID())) }
        }
    }

    private func failed(_ failure: UpstreamFailure) {
        state.withLock { if $0.failure == nil { $0.failure = failure } }
        changed.ring()
    }
}

/// Messages to the upstream.
extension EventStreamCarrier {
    func send(_ message: [UInt8], isCall: Bool, on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) -> Bool {
        guard let target = state.withLock({ $0.failure == nil ? $0.target : nil }) else { return false }
        let status: UInt
        do throws(HTTPFailure) {
            let exchange = try await lane.send(
                message, under: target, before: deadline, resend: isCall ? .ifUnsent : .ifUnanswered)
            status = try await exchange.responseHead().status.code
            exchange.finish()
        } catch {
            throw UpstreamFailure(error)
        }
        switch status {
        case 200..<300: return true
        case 400, 404:
            close()
            return false
        default: throw .broken(reason: "HTTP \(status)")
        }
    }

    func post(_ message: [UInt8]) {
        guard let target = state.withLock({ $0.failure == nil ? $0.target : nil }) else { return }
        let lane = lane
        lane.eventLoop.execute { lane.post(message, under: target) }
    }

    func close() {
        failed(UpstreamFailure(.broken(.streamEnded)))
        stream.end(.broken(.streamEnded))
        stopWanted.ring()
    }
}
