/// An agent's session, kept in Redis; it never authorizes anything, every request is judged by the token it carries.
package struct Session: Sendable, Equatable {
    /// How the agent is connected, which decides how long the session outlives its last request.
    package enum Transport: String, Sendable {
        /// Streamable HTTP: 30 minutes after the last request.
        case streamable
        /// HTTP+SSE of the oldest protocol revision: 45 s after the last keep-alive of its stream.
        case sse
        /// Streamable HTTP without a handshake: the agent's presence, 5 minutes after its last request. No request may name it.
        case stateless

        /// Milliseconds the session lives after it was last touched.
        package var lifetime: Int64 {
            switch self {
            case .streamable: 30 * 60_000
            case .sse: 45_000
            case .stateless: 5 * 60_000
            }
        }
    }

    package let id: SessionID
    package let tenant: TenantName
    /// The id of the token that opened the session; any other sees 404.
    package let principal: TokenID
    package let transport: Transport
    /// The protocol revision agreed at `initialize`, as text; nil before it.
    package var revision: String?
    package var client: String?
    /// What the client says of itself, a JSON object; nil while it has not.
    package var clientInfo: String?
    /// What the client can do, a JSON object; nil while it has not said so.
    package var capabilities: String?
    /// The least level of log messages that the agent wants; nil while it has not said so.
    package var logLevel: String?
    /// What the token that opened it is called; nil where it has no label.
    package let label: String?
    /// The node that holds the HTTP+SSE stream.
    package let owner: NodeID?
    /// What stands for the token of an agent that cannot show it again.
    package let pass: StreamPass?

    package init(
        id: SessionID, tenant: TenantName, principal: TokenID, transport: Transport, revision: String? = nil, client: String? = nil,
        label: String? = nil, owner: NodeID? = nil, pass: StreamPass? = nil
    ) {
        self.label = label
        self.id = id
        self.tenant = tenant
        self.principal = principal
        self.transport = transport
        self.revision = revision
        self.client = client
        self.owner = owner
        self.pass = pass
    }
}

/// Where sessions are kept, so that any node serves any of them.
package protocol SessionDirectory: Sendable {
    /// Writes a new session, living for its transport's lifetime; false, and nothing written, when its principal has too many.
    @discardableResult
    func open(_ session: Session) async throws(StoreError) -> Bool
    /// Records what `initialize` agreed on; false when the session is gone.
    func update(_ session: Session) async throws(StoreError) -> Bool
    /// The session, or nil when it never was or has ended.
    func find(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Session?
    /// Lets the session live for its transport's lifetime from now; false when it is gone.
    func touch(_ id: SessionID, of tenant: TenantName, transport: Session.Transport) async throws(StoreError) -> Bool
    /// Makes the node the holder of the session's own stream and tells the one before it; the answered fence is above all earlier ones.
    /// Nil when the session is gone.
    func takeStream(of id: SessionID, of tenant: TenantName, for node: NodeID) async throws(StoreError) -> Int64?
    /// Lets a Streamable HTTP session live on from now while its stream is held under that fence.
    func keepStream(of id: SessionID, of tenant: TenantName, fence: Int64) async throws(StoreError) -> StreamStanding
    /// Ends the session on all nodes; false when it was gone already.
    func close(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Bool
    /// Notes that the node answers a request of an HTTP+SSE session whose stream another holds; false when the session is gone.
    func begin(_ request: CallID, in id: SessionID, of tenant: TenantName, at node: NodeID) async throws(StoreError) -> Bool
    /// The node has answered that request.
    func end(_ request: CallID, in id: SessionID, of tenant: TenantName, at node: NodeID) async throws(StoreError)
    /// Ends the session on all nodes unless some answer requests of it, which are told.
    func part(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Set<NodeID>
}

/// How a stream stands that a node holds for a session.
package enum StreamStanding: Sendable, Hashable {
    case held
    /// A newer one has taken its place.
    case taken
    /// The session has ended.
    case gone
}

/// Why Redis did not do what was asked.
package enum StoreError: Error, Sendable, Hashable {
    /// Out of reach or too slow; whether the command ran is unknown.
    case unavailable(String)
    /// It answered with an error or in a shape that cannot be right.
    case corrupt(String)
    /// It did what it was asked, but too few replicas had that in time: it may be lost with the master.
    case notDurable
}
