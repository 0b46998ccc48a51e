import Console
import Logging
import NIOPosix
import Redis
import ServiceLifecycle
import Store

extension Node {
    /// The feed of events, over connections of its own on a thread that serves no agent: what dashboards read slows no call.
    static func feed(
        _ configuration: RedisConfiguration, _ names: KeyNames, on group: MultiThreadedEventLoopGroup, logger: Logger
    ) -> (feed: Console.Feed, services: [any Service]) {
        let client = RedisClient(configuration: configuration, group: group, logger: logger)
        let history = RedisEventHistory(redis: client, names: names)
        let live = EventFeed(
            history: history, broadcast: RedisEventBroadcast(client, names: names),
            limits: names.publishesEvents ? FeedLimits() : .unrung, logger: logger)
        return (Console.Feed(live: live, history: history), [Running("redis of operators") { try await client.run() }, live])
    }
}
