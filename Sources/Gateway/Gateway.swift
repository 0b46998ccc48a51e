package import Events
package import Governance
import HTTPWire
package import Logging
import MCPWire
package import NIOCore
import Synchronization
package import Tracing
package import Upstreams

/// The agent's side of one node: what its exchanges need, all of it safe to share between event loops.
package final class Gateway: Sendable {
    /// What the operator may turn.
    package struct Configuration: Sendable {
        /// Milliseconds a hold lives unless extended.
        package var lease: Int64 = 15_000
        /// Slices are taken of accounts for which no document says whether.
        package var leasesBudgets = false
        /// Milliseconds a call waits for its agent's input, where that comes with another request.
        package var inputWait: Int64 = 600_000
        /// Between two keep-alive comments of a stream.
        package var keepAlive: TimeAmount = .seconds(15)
        /// The streams of `subscriptions/listen` that one agent may have open at this node.
        package var subscriptionsPerAgent = 16
        /// The answers that one session may go on reading at this node at once.
        package var resumptionsPerSession = 16
        /// Hosts that `Host` may name; empty: not checked.
        package var allowedHosts: Set<String> = []
        /// Origins a browser may come from, beside loopback ones.
        package var allowedOrigins: Set<String> = []
        /// An agent may show its token in the URL of `/sse`.
        package var takesTokenInQuery = false
        /// Makes spans of requests; nil: nothing is traced.
        package var tracer: (any Tracer)?
        /// How long the node takes to stop.
        package var drain = DrainTerms()
        /// Told to agents at `initialize`.
        package var version = "0.1.0"

        package init() {}
    }

    let node: NodeID
    let configuration: Configuration
    let authenticator: Authenticator
    /// Nil: only macaroons are taken.
    let accessTokens: AccessTokenReader?
    let tenants: any TenantDirectory
    let catalogues: Catalogues
    let ledger: any Ledger
    let rounds: any Rounds
    let records: any CallRecords
    let events: any EventSink
    let bus: any NodeBus
    let outbox: any Outbox
    let addresses: any AddressBook
    /// Whether a node was seen lately.
    let isAlive: @Sendable (NodeID) -> Bool
    let logger: Logger
    let windows: any WindowClock
    /// Unix milliseconds by the clock that all nodes share.
    let now: @Sendable () -> Int64
    let sessions: SessionCache
    let revoked: RevokedTokens
    let delegations: any Delegations
    let holds: OpenHolds
    let settlements: Settlements
    let leases: Leases?
    let failures = AuthenticationFailures()
    let responder: Responder
    package let streams = AgentStreams()
    let agentPost = AgentPost()
    let readers = AnswerReaders()
    let questions = Questions()
    let requests = RunningRequests()
    let parked = ParkedCalls()
    let relays = Relays()
    let bells = RecordBells()
    let levels = GatewayLevels()
    private let tasks: [LoopTasks]
    /// How the node stands with stopping.
    package let drain: DrainControl
    let streamCalls = StreamCalls()
    /// Calls of agents without a session that are being answered.
    let presenceCalls = Atomic(0)

    package init(
        node: NodeID, configuration: Configuration, authenticator: Authenticator, tenants: any TenantDirectory, catalogues: Catalogues,
        ledger: any Ledger & Rounds & CallRecords, events: any EventSink, bus: any NodeBus, outbox: any Outbox,
        addresses: any AddressBook, isAlive: @escaping @Sendable (NodeID) -> Bool, sessions: SessionCache, revoked: RevokedTokens,
        delegations: any Delegations, holds: OpenHolds, settlements: Settlements, leases: Leases? = nil,
        accessTokens: (any AccessTokens)? = nil, tasks: [LoopTasks],
        logger: Logger, windows: any WindowClock, now: @escaping @Sendable () -> Int64
    ) {
        self.node = node
        self.configuration = configuration
        self.authenticator = authenticator
        self.accessTokens = accessTokens.map { AccessTokenReader($0, cacheCapacity: 8192) }
        self.tenants = tenants
        self.catalogues = catalogues
        self.ledger = ledger
        rounds = ledger
        records = ledger
        self.events = events
        self.bus = bus
        self.outbox = outbox
        self.addresses = addresses
        self.isAlive = isAlive
        self.sessions = sessions
        self.revoked = revoked
        self.delegations = delegations
        self.holds = holds
        self.settlements = settlements
        self.leases = leases
        self.tasks = tasks
        self.logger = logger
        self.windows = windows
        self.now = now
        responder = Responder(version: configuration.version)
        drain = DrainControl(configuration.drain)
        settlements.onRecorded { [weak self] in self?.ring($0, at: $1) }
        catalogues.onMessage { [weak self] in self?.overheard($0) }
        catalogues.onChange { [weak self] in self?.listsChanged($0, of: $1) }
    }

    /// Answers one HTTP request; runs on the event loop of its socket.
    func serve(_ inbound: Inbound, reply: HTTPReply) async {
        do throws(Rejection) {
            if let name = inbound.fields.repeated { throw .repeatedHeader(name) }
            try checkOrigin(of: inbound, on: reply)
            switch (inbound.endpoint, inbound.head.method) {
            case (.mcp, let method) where inbound.isStateless:
                try await StatelessExchange(gateway: self, reply: reply, observation: observation()).serve(inbound, isPost: method == .POST)
            case (.mcp, .POST): try await StreamableExchange(gateway: self, reply: reply, observation: observation()).post(inbound)
            case (.mcp, .DELETE): try await StreamableExchange(gateway: self, reply: reply, observation: observation()).delete(inbound)
            case (.mcp, .GET): try await StreamableExchange(gateway: self, reply: reply, observation: observation()).get(inbound)
            case (.mcp, _): throw .methodNotAllowed(allow: "GET, POST, DELETE")
            case (.sse, .GET): try await StreamSessionExchange(gateway: self, reply: reply).open(inbound)
            case (.sse, _): throw .methodNotAllowed(allow: "GET")
            case (.message, .POST): try await StreamSessionExchange(gateway: self, reply: reply).post(inbound)
            case (.message, _): throw .methodNotAllowed(allow: "POST")
            case (.resourceMetadata, .GET), (.resourceMetadata, .HEAD): try describe(inbound, reply)
            case (.resourceMetadata, _): throw .methodNotAllowed(allow: "GET, HEAD")
            case (_, .OPTIONS) where inbound.head.isPath("*"): throw .methodNotAllowed(allow: "GET, POST, DELETE")
            default: throw .notFound
            }
        } catch {
            reply.reject(error)
        }
    }

    /// What is under way still is given up.
    var isCutting: Bool { drain.phase >= .cutting }

    /// Streams to agents that are open, and requests of agents that are being answered.
    package var load: (streams: Int, calls: Int) { (streams.count, requests.count + presenceCalls.load(ordering: .relaxed)) }

    /// The node stops before long: every reply closes its connection, so that agents go to another node.
    var isDraining: Bool { drain.phase > .serving }

    /// Nothing is begun any more that is not over soon.
    var isLeaving: Bool { drain.phase >= .finishing }

    /// The current event loop; off the loops any.
    var loop: any EventLoop { loopTasks.loop }

    /// What the current event loop has; off the loops any's.
    var loopTasks: LoopTasks { tasks.first { $0.loop.inEventLoop } ?? tasks[0] }

    /// Starts a task on the current event loop, beside the exchange.
    func start(_ body: @escaping @Sendable () async -> Void) {
        guard let tasks = tasks.first(where: { $0.loop.inEventLoop }) ?? tasks.first else { return }
        if tasks.loop.inEventLoop { tasks.start(body) } else { tasks.loop.execute { tasks.start(body) } }
    }
}

extension Gateway: NodeBusReceiver {
    package func received(_ message: [UInt8], for session: SessionID) {
        if !streams.deliver(message, to: session) {
            logger.debug("a message came for a stream that is not here", metadata: ["session": "\(session)"])
        }
    }

    package func received(_ message: [UInt8], as sequence: Int64, for session: SessionID, of tenant: TenantName) {
        let stream = AnswerStream(tenant: tenant, session: session, name: String(session.text.prefix(16)))
        guard let own = streams.own(of: session), !own.send(message, as: sequence) else { return }
        start { await self.catchUp(own, stream) }
    }

    package func replied(_ message: [UInt8], in session: SessionID) {
        if let message = try? Message(message) { questions.hear(message, in: session) }
    }

    package func cancelled(_ request: [UInt8], in session: SessionID) {
        if let request = RequestID(raw: request) { _ = requests.cancel(request, in: session) }
    }

    package func streamTaken(_ session: SessionID, fence: Int64) { streams.close(session, below: fence) }

    package func answerWentOn(_ session: SessionID, stream: String) { readers.ring(session, stream) }

    package func sessionEnded(_ session: SessionID) {
        sessions.drop(session)
        streams.close(session)
        requests.ended(session)
    }

    package func sessionChanged(_ session: SessionID) { sessions.drop(session) }

    package func watchesChanged(_ session: SessionID, of name: TenantName) {
        let holdsStream = streams.noteWatches(of: session)
        guard let tenant = tenants.tenant(name), holdsStream || catalogues.watches(for: session, of: tenant) else { return }
        start { await self.catalogues.review(session, of: tenant, takingOver: false) }
    }

    package func tokenRevoked(_ token: TokenID, of tenant: TenantName) { revoked.hear(token, of: tenant) }

    package func reconnected() {
        sessions.dropAll()
        revoked.doubt()
    }
}
