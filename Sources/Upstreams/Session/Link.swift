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

    /// Sends the request and judges the head of its response. A stream that stays open must begin before the deadline, anything else must
    /// end before it.
    func ask(_ request: LinkRequest, on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) -> LinkReply {
        do throws(HTTPFailure) {
            let exchange = try await send(request, on: lane, before: deadline)
            let response = try await exchange.responseHead()
            let messages = ResponseMessages(exchange, head: response, silence: response.status == .ok ? request.silence : nil)
            if response.status == .ok, let messages {
                let session = request.call == nil ? response.headers.first(name: "mcp-session-id") : nil
                return .answered(ResponseStream(exchange, messages), session: session)
            }
            return .rejected(status: Int(response.status.code), await Self.answer(exchange, messages, era: request.era))
        } catch {
            if request.call != nil, error.leavesWorkBehind { request.backchannel?.cancel(request.id) }
            throw UpstreamFailure(error)
        }
    }

    /// Sends a notification; returns when the upstream has accepted it.
    func notify(_ body: [UInt8], head: PreparedHead, on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) {
        let status: UInt
        do throws(HTTPFailure) {
            let exchange = try await send(LinkRequest(body: body, head: head), on: lane, before: deadline)
            status = try await exchange.responseHead().status.code
            exchange.finish()
        } catch {
            throw UpstreamFailure(error)
        }
        guard 200..<300 ~= status else { throw .broken(reason: "HTTP \(status)") }
    }

    /// The one place where a request goes out and is waited for.
    func send(_ request: LinkRequest, on lane: Lane, before deadline: NIODeadline) async throws(HTTPFailure) -> HTTPExchange {
        try await lane.send(
            request.body, under: request.head, extra: request.extra, before: deadline,
            resend: request.call == nil ? .ifUnanswered : .ifUnsent, isApart: request.silence != nil)
    }

    /// The answer in the body of a response that is no success.
    private static func answer(_ exchange: HTTPExchange, _ messages: ResponseMessages?, era: Dialect.Kind) async -> Answer? {
        let message = try? await messages?.next()
        exchange.finish()
        return message.flatMap { try? Answer($0, era: era) }
    }
}
