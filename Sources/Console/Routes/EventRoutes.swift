package import Events
import Governance
import HTTPTypes
import Hummingbird
import NIOCore

/// `GET /api/v1/events`: what is kept, in pages. A request to upgrade comes here only where it is refused.
struct EventRoutes {
    private static let most = 1000

    let history: any EventHistory

    func add(to router: RouterGroup<AdminContext>) {
        router.get("events") { request, _ in
            guard request.headers[.secWebSocketKey] == nil else { throw try refusal(request) }
            return try await list(request)
        }
    }

    /// Why no WebSocket was made of the request.
    private func refusal(_ request: Request) throws -> Problem {
        _ = try FeedQuery(target: request.head.path ?? "")
        return Problem(
            .forbidden, "forbidden", "a WebSocket needs a connection of its own, and a page of this origin where a cookie is shown")
    }

    private func list(_ request: Request) async throws -> Response {
        var limit = 100
        var last: Int?
        let items = request.uri.queryParameters.map { (name: String($0.key), value: String($0.value)) }
        let query = try FeedQuery(items) { name, value throws(Problem) in
            switch name {
            case "limit": limit = try Self.count(name, value)
            case "last": last = try Self.count(name, value)
            default: throw .invalid("\(name): unknown parameter")
            }
        }
        if last != nil, query.after != nil { throw Problem.invalid("last and after: only one of them") }
        let listing = EventListing(history, filter: query.filter)
        do throws(StoreError) {
            let part =
                if let last { try await listing.newest(last) } else {
                    try await listing.part(after: query.after ?? EventCursor(), limit: limit)
                }
            return AdminJSON.response(bytes: Self.json(part))
        } catch { throw Problem(error) }
    }

    private static func count(_ name: String, _ value: String) throws(Problem) -> Int {
        guard let count = Int(value), (1...most).contains(count) else { throw .invalid("\(name): a number from 1 to \(most)") }
        return count
    }

    /// The events as they were written.
    private static func json(_ part: EventListing.Part) -> ByteBuffer {
        var out = ByteBuffer(string: #"{"items":["#)
        for (index, entry) in part.entries.enumerated() {
            if index > 0 { out.writeString(",") }
            out.writeImmutableBuffer(FeedItem(entry).text)
        }
        out.writeString(#"],"next":"\#(part.cursor.text)","hasMore":\#(part.hasMore)}"#)
        return out
    }
}

extension FeedItem {
    /// What is listed as it would be sent.
    package init(_ entry: EventListing.Entry) { self.init(entry.item, in: entry.source, epoch: entry.epoch) }
}
