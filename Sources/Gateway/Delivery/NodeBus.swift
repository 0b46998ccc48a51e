package import Governance

/// Carries messages between nodes.
package protocol NodeBus: Sendable {
    /// Hands a message to the node that holds the session's stream; false when no such node listens.
    func deliver(_ message: [UInt8], to session: SessionID, at node: NodeID) async throws(StoreError) -> Bool
    /// Hands a message that is kept under that number to the node that holds the session's own stream; false when no such node listens.
    func post(
        _ message: [UInt8], as sequence: Int64, to session: SessionID, of tenant: TenantName, at node: NodeID
    ) async throws(StoreError) -> Bool
    /// Hands what the session's agent says of a question to the node that asked it; false when no such node listens.
    func reply(_ message: [UInt8], in session: SessionID, at node: NodeID) async throws(StoreError) -> Bool
    /// Has all nodes stop a request of the session's agent; `request` is the JSON token of its id.
    func cancel(_ request: [UInt8], in session: SessionID, of tenant: TenantName) async throws(StoreError)
    /// Says something to the other node of a relay; false when no such node listens.
    func relay(_ message: RelayMessage, to node: NodeID) async throws(StoreError) -> Bool
    /// Tells the node, on which retries wait, that the call of a record has ended.
    func ring(_ record: RecordName, at node: NodeID) async throws(StoreError)
}

/// What a node does with what the bus brings.
package protocol NodeBusReceiver: Sendable {
    /// A message for the stream of a session that this node holds.
    func received(_ message: [UInt8], for session: SessionID)
    /// A message that is kept under that number, for the own stream of a session that this node holds.
    func received(_ message: [UInt8], as sequence: Int64, for session: SessionID, of tenant: TenantName)
    /// What the session's agent says of a question that this node asked.
    func replied(_ message: [UInt8], in session: SessionID)
    /// The session's agent wants no answer any more to the request whose id is that JSON token.
    func cancelled(_ request: [UInt8], in session: SessionID)
    /// The other node of a relay has said this.
    func received(_ message: RelayMessage)
    /// The call of a record, for which retries may wait here, has ended.
    func recorded(_ record: RecordName)
    /// Another node has taken the session's stream under this fence: an older one is to close.
    func streamTaken(_ session: SessionID, fence: Int64)
    /// Of a call's answer that is read here more was kept, or it is read elsewhere now.
    func answerWentOn(_ session: SessionID, stream: String)
    /// The session has ended somewhere: drop it and close its stream.
    func sessionEnded(_ session: SessionID)
    /// What is known of the session is not so any more.
    func sessionChanged(_ session: SessionID)
    /// Other resources are watched for the session than before, or by other nodes.
    func watchesChanged(_ session: SessionID, of tenant: TenantName)
    /// The token, and all that is made of it, is revoked.
    func tokenRevoked(_ token: TokenID, of tenant: TenantName)
    /// Messages may have been missed: what was cached may be stale.
    func reconnected()
}

extension NodeBusReceiver {
    package func recorded(_ record: RecordName) {}
    package func sessionChanged(_ session: SessionID) {}
    package func watchesChanged(_ session: SessionID, of tenant: TenantName) {}
    package func tokenRevoked(_ token: TokenID, of tenant: TenantName) {}
}
