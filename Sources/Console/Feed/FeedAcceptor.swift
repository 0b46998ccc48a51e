import Governance
import NIOCore
import NIOHTTP1

/// Makes WebSockets of the requests for `/api/v1/events` that may have one; any other is answered by the route of that path.
struct FeedAcceptor: WebSocketAcceptor {
    static let path = "/api/v1/events"

    let feed: EventFeed
    let access: Access
    let node: NodeID
    var times = FeedTimes()

    func accepts(_ head: HTTPRequestHead) -> Bool {
        head.uri.prefix { $0 != "?" } == Self.path && access.identity(upgrading: head) != nil && (try? FeedQuery(target: head.uri)) != nil
    }

    func open(_ channel: any Channel, for head: HTTPRequestHead) throws {
        let query = try FeedQuery(target: head.uri)
        _ = channel.setOption(.writeBufferWaterMark, value: .init(low: 32 << 10, high: 64 << 10))
        let isWelcome = { [access] in access.identity(upgrading: head) != nil }
        try channel.pipeline.syncOperations.addHandler(
            FeedSocket(feed: feed, node: node, query: query, times: times, isWelcome: isWelcome))
    }

    func goAway(_ channel: any Channel) {
        channel.eventLoop.execute { channel.pipeline.fireUserInboundEventTriggered(FeedSocket.GoAway()) }
    }
}
