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
        let endpoint = head.endpoint
        let tokens = endpoint.credentials.tokens
        if let tokens { try await tokens.ensure(on: self, before: deadline) }
        var hops = 0
        while true {
            let begun = NIODeadline.now()
            let request = try head.request(body, extra: extra)
            let exchange =
                isApart
                ? try await sendApart(request, to: endpoint.destination, before: deadline)
                : try await send(request, to: endpoint.destination, before: deadline, resend: resend)
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
