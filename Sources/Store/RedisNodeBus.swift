package import Gateway
package import Governance
package import Redis

/// The nodes' bus over pub/sub: one channel per node, and one that all listen to.
///
/// On a node's own channel stand `NodeMessage`s, on the common channel `ControlMessage`s.
package struct RedisNodeBus: NodeBus {
    private let client: RedisClient
    private let names: KeyNames
    private let channels: NodeChannels

    package init(_ client: RedisClient, names: KeyNames) {
        self.client = client
        self.names = names
        channels = NodeChannels(client, names: names)
    }

    package func deliver(_ message: [UInt8], to session: SessionID, at node: NodeID) async throws(StoreError) -> Bool {
        try await channels.send(.delivery(session, message), to: node)
    }

    package func reply(_ message: [UInt8], in session: SessionID, at node: NodeID) async throws(StoreError) -> Bool {
        try await channels.send(.reply(session, message), to: node)
    }

    package func cancel(_ request: [UInt8], in session: SessionID, of tenant: TenantName) async throws(StoreError) {
        let message = ControlMessage.requestCancelled(request, session, tenant).text
        _ = try await client.command(["PUBLISH", .text(names.control), .text(message)])
    }

    package func relay(_ message: RelayMessage, to node: NodeID) async throws(StoreError) -> Bool {
        try await channels.send(.relay(message), to: node)
    }

    package func ring(_ record: RecordName, at node: NodeID) async throws(StoreError) {
        _ = try await channels.send(.recorded(record), to: node)
    }

    package func post(
        _ message: [UInt8], as sequence: Int64, to session: SessionID, of tenant: TenantName, at node: NodeID
    ) async throws(StoreError) -> Bool {
        try await channels.send(.kept(session, tenant, sequence, message), to: node)
    }

    /// Hands what comes in for this node to the receiver, and all control messages to the listeners too, until it is cancelled.
    package func run(as node: NodeID, receiver: any NodeBusReceiver, listeners: [any ControlListener] = []) async throws {
        let own = names.node(node)
        let common = names.control
        let onReady = { @Sendable in
            receiver.reconnected()
            for listener in listeners { listener.reconnected() }
        }
        let onMessage = { @Sendable (channel: String, bytes: [UInt8]) in
            if channel == own { Self.receive(bytes, receiver) } else if channel == common { Self.control(bytes, receiver, listeners) }
        }
        let everywhere = Subscriber(client: client, channels: [own, common], probeChannel: own, onReady: onReady, onMessage: onMessage)
        guard client.isSharded else { return try await everywhere.run() }
        // Its own connection: were the shard of the node's channel gone, what all nodes hear would still come.
        let shard = Subscriber(client: client, shardChannel: own, onReady: onReady, onMessage: onMessage)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await everywhere.run() }
            tasks.addTask { try await shard.run() }
            try await tasks.waitForAll()
        }
    }

    private static func receive(_ bytes: [UInt8], _ receiver: any NodeBusReceiver) {
        switch NodeMessage(bytes) {
        case .delivery(let session, let message): receiver.received(message, for: session)
        case .kept(let session, let tenant, let sequence, let message):
            receiver.received(message, as: sequence, for: session, of: tenant)
        case .answerWentOn(let session, let stream): receiver.answerWentOn(session, stream: stream)
        case .reply(let session, let message): receiver.replied(message, in: session)
        case .relay(let message): receiver.received(message)
        case .recorded(let record): receiver.recorded(record)
        case .streamTaken(let session, let fence): receiver.streamTaken(session, fence: fence)
        case nil: break
        }
    }

    private static func control(_ bytes: [UInt8], _ receiver: any NodeBusReceiver, _ listeners: [any ControlListener]) {
        guard let message = ControlMessage(bytes) else { return }
        switch message {
        case .sessionEnded(let session, _): receiver.sessionEnded(session)
        case .sessionChanged(let session, _): receiver.sessionChanged(session)
        case .requestCancelled(let request, let session, _): receiver.cancelled(request, in: session)
        case .watchesChanged(let session, let tenant): receiver.watchesChanged(session, of: tenant)
        case .tokenRevoked(let token, let tenant): receiver.tokenRevoked(token, of: tenant)
        case .tenantChanged, .slicesRecalled, .catalogueChanged, .upstreamSuspected, .logTurned: break
        }
        for listener in listeners { listener.heard(message) }
    }
}
