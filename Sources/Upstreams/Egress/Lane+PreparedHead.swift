import HTTPWire
import NIOCore
import NIOHTTP1

/// Requests as an upstream's endpoint wants them: with its token, and where it has moved to.
extension Lane {
    /// Redirects followed for one request.
    private static let maximumHops = 3

    /// Sends a request of this head and returns when its response begins. A redirect (307, 308) within the origin is followed, as it
    /// shows that the request was not taken; any other is handed over like all responses. `isApart`: on a connection of its own.
    func send(
        _ body: [UInt8], under head: PreparedHead, extra: [HeaderLine] = [], before deadline: NIODeadline, resend: Resend,
        isApart: Bool = false
    ) async throws(HTTPFailure) -> HTTPExchange {
        // The usual way in one frame: a connection that is idle, and a response that is not about the endpoint.
        guard !isApart, let exchange = try begin(body, under: head, extra: extra, before: deadline) else {
            return try await send(body, under: head, extra, before: deadline, resend, isApart: isApart, after: .nothing)
        }
        let start: Start
        do throws(HTTPFailure) {
            let response = try await exchange.responseHead()
            guard Self.concernsEndpoint(response.status) else { return exchange }
            start = .answered(exchange)
        } catch {
            guard exchange.isOnKept, !Task.isCancelled, Self.allows(resend, after: error) else { throw error }
            start = .lost
        }
        return try await send(body, under: head, extra, before: deadline, resend, isApart: isApart, after: start)
    }

    /// What came of a first attempt.
    private enum Start {
        case nothing
        case answered(HTTPExchange)
        /// Its connection was, and it may be sent once more.
        case lost
    }

    /// Whether such a response tells where the endpoint is, or of its credentials.
    private static func concernsEndpoint(_ status: HTTPResponseStatus) -> Bool {
        switch status.code {
        case 307, 308, 401, 404: true
        default: false
        }
    }

    @inline(never)
    private func send(
        _ body: [UInt8], under head: PreparedHead, _ extra: [HeaderLine], before deadline: NIODeadline, _ resend: Resend, isApart: Bool,
        after start: Start
    ) async throws(HTTPFailure) -> HTTPExchange {
        let endpoint = head.endpoint
        let tokens = endpoint.credentials.tokens
        if let tokens { try await tokens.ensure(on: self, before: deadline) }
        var start = start
        var hops = 0
        while true {
            let begun = NIODeadline.now()
            let exchange: HTTPExchange
            switch start {
            case .answered(let first): exchange = first
            case .lost:
                exchange = try await sendAfresh(try head.request(body, extra: extra), to: endpoint.destination, before: deadline)
            case .nothing where isApart:
                exchange = try await sendApart(try head.request(body, extra: extra), to: endpoint.destination, before: deadline)
            case .nothing:
                exchange = try await send(
                    try head.request(body, extra: extra), to: endpoint.destination, before: deadline, resend: resend)
            }
            start = .nothing
            let response = try await exchange.responseHead()
            switch response.status.code {
            case 307, 308:
                guard hops < Self.maximumHops, let place = response.headers.first(name: "location"), endpoint.follow(place) else {
                    return exchange
                }
                hops += 1
                exchange.finish()
            case 401:
                tokens?.refused(at: begun)
                return exchange
            case 404:
                endpoint.forgetRedirect()
                return exchange
            default: return exchange
            }
        }
    }

    /// Sends a short message whose response matters to nobody; one whose credentials cannot be had is not sent.
    func post(_ body: [UInt8], under head: PreparedHead) {
        guard let request = try? head.request(body) else { return }
        post(request, to: head.endpoint.destination)
    }
}
