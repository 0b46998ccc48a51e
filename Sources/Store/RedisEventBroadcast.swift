package import Events
import Governance
package import Redis

/// The events of all tenants as Redis publishes them, over one pattern subscription.
package struct RedisEventBroadcast: EventBroadcast {
    private let client: RedisClient
    private let names: KeyNames

    package init(_ client: RedisClient, names: KeyNames = .standard) {
        self.client = client
        self.names = names
    }

    package func listen(onReady: @escaping @Sendable () -> Void, onEvent: @escaping @Sendable (EventRecord) -> Void) async throws {
        // A name that nobody else listens to: this may be a command beside a node, or the second listener of a node.
        let probe = names.node(NodeID())
        let subscriber = Subscriber(
            client: client, channels: [], patterns: [names.allEvents], probeChannel: probe, onReady: onReady,
            onMessage: { _, payload in
                if let record = EventRecord(payload) { onEvent(record) }
            })
        try await subscriber.run()
    }
}
