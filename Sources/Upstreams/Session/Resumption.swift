import HTTPWire
import MCPWire
import NIOCore
import NIOHTTP1

/// How to go on with the event stream that answers a call after its connection is lost or the server has closed it meanwhile: a GET with
/// the id of the last event seen. The call itself is never sent again.
struct Resumption {
    let link: Link
    let lane: Lane
    /// Of the session's GETs.
    let head: PreparedHead
    /// The call's.
    var deadline: NIODeadline

    /// Milliseconds from the loss of the connection to the next, where the server does not say, and the bounds of what it may say.
    private static let pause = 1_000
    private static let pauses = 50...10_000
    /// Connections that may fail in a row.
    private static let mostFailures = 3

    /// The response that continues after this event; nil where the upstream does not offer that.
    func response(after event: String, pause: Int?) async throws(HTTPFailure) -> (HTTPExchange, ResponseMessages)? {
        guard event.utf8.count <= 1024, event.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return nil }
        let pause = TimeAmount.milliseconds(Int64(min(max(pause ?? Self.pause, Self.pauses.lowerBound), Self.pauses.upperBound)))
        for attempt in 1...Self.mostFailures {
            try await rest(pause)
            do throws(HTTPFailure) {
                return try await open(after: event)
            } catch {
                guard attempt < Self.mostFailures, Self.mayPass(error) else { throw Self.ofCall(error) }
            }
        }
        return nil
    }

    private func open(after event: String) async throws(HTTPFailure) -> (HTTPExchange, ResponseMessages)? {
        let request = LinkRequest(head: head, extra: [("Last-Event-ID", event)])
        let exchange = try await link.send(request, on: lane, before: deadline)
        let response = try await exchange.responseHead()
        guard response.status == .ok, let messages = ResponseMessages(exchange, head: response), messages.isEventStream else {
            exchange.finish()
            return nil
        }
        return (exchange, messages)
    }

    private func rest(_ pause: TimeAmount) async throws(HTTPFailure) {
        await Bell().wait(after: 0, until: min(.now() + pause, deadline), on: lane.eventLoop)
        guard !Task.isCancelled else { throw .broken(.cancelled) }
        guard deadline > .now() else { throw .timedOut }
    }

    private static func mayPass(_ failure: HTTPFailure) -> Bool {
        switch failure {
        case .unsent(let reason), .broken(let reason): !reason.isOurs
        case .timedOut: false
        }
    }

    /// The GET may never have left, but the call has.
    private static func ofCall(_ failure: HTTPFailure) -> HTTPFailure {
        switch failure {
        case .unsent(.queueTimeout): .timedOut
        case .unsent(let reason): .broken(reason)
        case .timedOut, .broken: failure
        }
    }
}
