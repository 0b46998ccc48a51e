import NIOCore

/// Hears what is published on some channels, or on all whose names fit patterns, over a connection of its own that proves itself alive.
///
/// It publishes to a channel of its own through the client; hearing nothing at all for three intervals it connects anew. What is published
/// while it is not connected is lost: whoever is told `onReady` must look for what was missed.
package final class Subscriber: Sendable {
    private let client: RedisClient
    private let loop: any EventLoop
    private let probe: String
    private let interval: Duration
    private let subscription: NIOLoopBoundBox<Subscription>

    /// Both callbacks come on one event loop of the client's and must not block.
    ///
    /// `patterns` as of PSUBSCRIBE. `onReady`: all of them are confirmed, at first and after every reconnect. `probeChannel`: one that no other process
    /// subscribes to; an empty message on it is a probe, any other is heard like all else.
    package init(
        client: RedisClient, channels: [String], patterns: [String] = [], probeChannel: String, probeInterval: Duration = .seconds(1),
        onReady: @escaping @Sendable () -> Void, onMessage: @escaping @Sendable (_ channel: String, _ payload: [UInt8]) -> Void
    ) {
        self.client = client
        self.loop = client.loops[0]
        self.probe = probeChannel
        self.interval = probeInterval
        let machine = SubscriptionMachine(
            configuration: client.configuration, channels: channels, patterns: patterns, probe: probeChannel,
            silence: TimeAmount(probeInterval * 3))
        self.subscription = NIOLoopBoundBox.makeBoxSendingValue(
            Subscription(
                loop: loop, machine: machine, at: client.topology, slot: nil, logger: client.logger, onReady: onReady,
                onMessage: onMessage), eventLoop: loop)
    }

    /// Subscribes, and stays subscribed until cancelled. Throws where the files of its secrets cannot be used.
    package func run() async throws {
        try client.configuration.secrets.load()
        loop.execute { self.subscription.value.start(Dialer(self.client.configuration)) }
        await withDiscardingTaskGroup { tasks in
            tasks.addTask { await self.prove() }
            for await _ in client.newServers() { loop.execute { self.subscription.value.follow() } }
        }
        try await loop.flatSubmit { self.subscription.value.stop() }.get()
    }

    private func prove() async {
        while (try? await Task.sleep(for: interval)) != nil {
            loop.execute { self.subscription.value.follow() }
            // A probe that cannot be sent is like one that is not heard.
            _ = try? await client.send(["PUBLISH", .text(probe), ""], timeout: interval)
        }
    }
}
