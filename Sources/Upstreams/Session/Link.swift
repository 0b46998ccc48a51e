import HTTPWire
import MCPWire
import NIOCore
import NIOHTTP1
import Synchronization

/// How to speak with one upstream: its endpoint, its request numbers, and what its HTTP answers mean.
final class Link: Sendable {
    let endpoint: Endpoint
    private let lastID = Atomic<Int>(0)

    init(endpoint: Endpoint) { self.endpoint = endpoint }

    /// A number no other request to this upstream has.
    func newID() -> Int { lastID.add(1, ordering: .relaxed).newValue }

    /// Sends the request and judges the head of its response; nil when the upstream knows no such session (404): it did not run.
    func open(
        _ body: [UInt8], id: Int, head: PreparedHead, extra: [HeaderLine] = [], inSession: Bool, call: ToolCall? = nil, on lane: Lane,
        before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> (exchange: UpstreamExchange, headers: HeaderBlock)? {
        let route = Route(lane: lane, origin: endpoint.origin, head: head)
        let (exchange, response): (HTTPExchange, ResponseHead)
        do throws(HTTPFailure) {
            let resend: Lane.Resend = call == nil ? .ifUnanswered : .ifUnsent
            let request = try head.request(body, extra: extra)
            exchange = try await lane.send(request, to: endpoint.origin, before: deadline, resend: resend)
            response = try await exchange.responseHead()
        } catch {
            if call != nil, error.leavesWorkBehind { route.cancel(id) }
            throw UpstreamFailure(error)
        }
        let messages = ResponseMessages(exchange, head: response)
        if response.status == .ok, let messages {
            let opened = UpstreamExchange(exchange, messages: messages, id: id, call: call, lane: lane, backchannel: route)
            return (opened, response.headers)
        }
        if response.status == .notFound, inSession {
            exchange.finish()
            return nil
        }
        throw await refusal(exchange, status: Int(response.status.code), messages)
    }

    /// Sends a notification; returns when the upstream has accepted it.
    func notify(_ body: [UInt8], head: PreparedHead, on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) {
        let status: UInt
        do throws(HTTPFailure) {
            let exchange = try await lane.send(try head.request(body), to: endpoint.origin, before: deadline, resend: .ifUnanswered)
            status = try await exchange.responseHead().status.code
            exchange.finish()
        } catch {
            throw UpstreamFailure(error)
        }
        guard 200..<300 ~= status else { throw .broken(reason: "HTTP \(status)") }
    }

    /// What a response that carries no answer under 200 means: a JSON-RPC error in it may say that the message was refused.
    private func refusal(_ exchange: HTTPExchange, status: Int, _ messages: ResponseMessages?) async -> UpstreamFailure {
        var messages = messages
        let message = try? await messages?.next()
        exchange.finish()
        guard (400..<600).contains(status), let message, let answer = try? Answer(message), answer.provesNotRun
        else { return .broken(reason: "HTTP \(status)") }
        return .refused(answer)
    }
}
