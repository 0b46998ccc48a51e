import NIOCore

/// Hears what is published on some channels, or on all whose names fit patterns, over a connection of its own that proves itself alive.
///
/// It publishes to a channel of its own through the client; hearing nothing at all for three intervals it connects anew. What is published
/// while it is not connected is lost: whoever is told `onReady` must look for what was missed.
package final class Subscriber: Sendable {
    private let client: RedisClient
    private let loop: any EventLoop
    private let probe: String
    private let isSharded: Bool
    private let interval: Duration
    private let subscription: NIOLoopBoundBox<Subscription>

    /// Both callbacks come on one event loop of the client's and must not block.
    ///
    /// `patterns` as of PSUBSCRIBE. `onReady`: all of them are confirmed, at first and after every reconnect. `probeChannel`: one that no other process
    /// subscribes to; an empty message on it is a probe, any other is heard like all else.
    package convenience init(
        client: RedisClient, channels: [String], patterns: [String] = [], probeChannel: String, probeInterval: Duration = .seconds(1),
        onReady: @escaping @Sendable () -> Void, onMessage: @escaping @Sendable (_ channel: String, _ payload: [UInt8]) -> Void
    ) {
        let machine = SubscriptionMachine(
            configuration: client.configuration, channels: channels, patterns: patterns, probe: probeChannel,
            silence: TimeAmount(probeInterval * 3))
        self.init(client, machine, slot: nil, probe: probeChannel, probeInterval, onReady, onMessage)
    }

    /// Hears what is published on one channel by SPUBLISH, where its slot is: at another server when the slot has moved, or its owner was replaced.
    ///
    /// No other process may subscribe to the channel; an empty message on it is a probe.
    package convenience init(
        client: RedisClient, shardChannel: String, probeInterval: Duration = .seconds(1),
        onReady: @escaping @Sendable () -> Void, onMessage: @escaping @Sendable (_ channel: String, _ payload: [UInt8]) -> Void
    ) {
        let machine = SubscriptionMachine(
            configuration: client.configuration, channels: [], probe: shardChannel, isSharded: true, silence: TimeAmount(probeInterval * 3))
        self.init(client, machine, slot: HashSlot(key: shardChannel.utf8), probe: shardChannel, probeInterval, onReady, onMessage)
    }

    private init(
        _ client: RedisClient, _ machine: SubscriptionMachine, slot: HashSlot?, probe: String, _ interval: Duration,
        _ onReady: @escaping @Sendable () -> Void, _ onMessage: @escaping @Sendable (String, [UInt8]) -> Void
    ) {
        self.client = client
        self.probe = probe
        self.interval = interval
        isSharded = slot != nil
        loop = client.loops[0]
        subscription = NIOLoopBoundBox.makeBoxSendingValue(
            Subscription(
                loop: loop, machine: machine, at: client.topology, slot: slot, logger: client.logger, onReady: onReady,
                onMessage: onMessage), eventLoop: loop)
    }

    /// Subscribes, and stays subscribed until cancelled. Throws where the files of its secrets cannot be used.
    package func run() async throws {
        try client.configuration.secrets.load()
        loop.execute { self.subscription.value.start(Dialer(self.client.configuration)) }
        await withDiscardingTaskGroup { tasks in
            tasks.addTask { await self.beat() }
            for await _ in client.newServers() { loop.execute { self.subscription.value.follow() } }
        }
        try await loop.flatSubmit { self.subscription.value.stop() }.get()
    }

    private func beat() async {
        while (try? await Task.sleep(for: interval)) != nil {
            loop.execute { self.subscription.value.follow() }
            await prove()
        }
    }

    /// Makes something to be heard. What cannot be sent is like what is not heard.
    private func prove() async {
        if isSharded {
            _ = try? await client.send(["SPUBLISH", .text(probe), ""], timeout: interval)
        } else if client.isSharded {
            // To publish would be heard by every server of the cluster, for each node each second.
            loop.execute { self.subscription.value.probe() }
        } else {
            _ = try? await client.send(["PUBLISH", .text(probe), ""], timeout: interval)
        }
    }
}
