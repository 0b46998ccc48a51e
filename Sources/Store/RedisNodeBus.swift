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

    package func reply(_ message: [UInt8], in session: SessionID, at node: NodeID) async throws(StoreError) -> Bool {
        try await publish(.reply(session, message), to: node)
    }

    package func cancel(_ request: [UInt8], in session: SessionID, of tenant: TenantName) async throws(StoreError) {
        let message = ControlMessage.requestCancelled(request, session, tenant).text
        _ = try await client.command(["PUBLISH", .text(names.control), .text(message)])
    }

    package func relay(_ message: RelayMessage, to node: NodeID) async throws(StoreError) -> Bool {
        try await publish(.relay(message), to: node)
    }

    package func ring(_ record: RecordName, at node: NodeID) async throws(StoreError) {
        _ = try await publish(.recorded(record), to: node)
    }

    /// False when the node does not listen.
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
        case .tenantChanged, .catalogueChanged, .upstreamSuspected, .logTurned: break
        }
        for listener in listeners { listener.heard(message) }
    }
}
