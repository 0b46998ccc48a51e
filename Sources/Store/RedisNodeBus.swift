package import Gateway
package import Governance
package import Redis

/// The nodes' bus over pub/sub: one channel per node, and one that all listen to.
///
/// On a node's own channel stand `NodeMessage`s, on the common channel `ControlMessage`s.
package struct RedisNodeBus: NodeBus {
    private let client: RedisClient
    private let names: KeyNames

    package init(_ client: RedisClient, names: KeyNames) {
        self.client = client
        self.names = names
    }

    package func deliver(_ message: [UInt8], to session: SessionID, at node: NodeID) async throws(StoreError) -> Bool {
        try await publish(.delivery(session, message), to: node)
    }

    package func relay(_ message: RelayMessage, to node: NodeID) async throws(StoreError) -> Bool {
        try await publish(.relay(message), to: node)
    }

    private func publish(_ message: NodeMessage, to node: NodeID) async throws(StoreError) -> Bool {
        guard case .integer(let receivers) = try await client.command(["PUBLISH", .text(names.node(node)), .bytes(message.bytes)]) else {
            throw .corrupt("PUBLISH")
        }
        return receivers > 0
    }

    package func post(
        _ message: [UInt8], as sequence: Int64, to session: SessionID, of tenant: TenantName, at node: NodeID
    ) async throws(StoreError) -> Bool {
        let delivery = NodeMessage.kept(session, tenant, sequence, message).bytes
        guard case .integer(let receivers) = try await client.command(["PUBLISH", .text(names.node(node)), .bytes(delivery)]) else {
            throw .corrupt("PUBLISH")
        }
        return receivers > 0
    }

    /// Hands what comes in for this node to the receiver, and all control messages to the listeners too, until it is cancelled.
    package func run(as node: NodeID, receiver: any NodeBusReceiver, listeners: [any ControlListener] = []) async throws {
        let own = names.node(node)
        let common = names.control
        let subscriber = Subscriber(
            client: client, channels: [own, common], probeChannel: own,
            onReady: {
                receiver.reconnected()
                for listener in listeners { listener.reconnected() }
            },
            onMessage: { channel, bytes in
                if channel == own { Self.receive(bytes, receiver) } else if channel == common { Self.control(bytes, receiver, listeners) }
            })
        try await subscriber.run()
    }

    private static func receive(_ bytes: [UInt8], _ receiver: any NodeBusReceiver) {
        switch NodeMessage(bytes) {
        case .delivery(let session, let message): receiver.received(message, for: session)
        case .kept(let session, let tenant, let sequence, let message):
            receiver.received(message, as: sequence, for: session, of: tenant)
        case .relay(let message): receiver.received(message)
        case .streamTaken(let session, let fence): receiver.streamTaken(session, fence: fence)
        case nil: break
        }
    }

    private static func control(_ bytes: [UInt8], _ receiver: any NodeBusReceiver, _ listeners: [any ControlListener]) {
        guard let message = ControlMessage(bytes) else { return }
        if case .sessionEnded(let session, _) = message { receiver.sessionEnded(session) }
        if case .sessionChanged(let session, _) = message { receiver.sessionChanged(session) }
        for listener in listeners { listener.heard(message) }
    }
}
