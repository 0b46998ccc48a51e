import Governance
import MCPWire
import NIOCore
import Synchronization

/// The sessions in which this node's calls to one upstream are made: one that all share, or one for each agent's session.
final class CallSessions: Sendable {
    let tenant: TenantName
    let document: UpstreamDocument
    let transport: any UpstreamTransport
    let directory: any UpstreamSessions
    private let shared = SessionSlot()
    private let exclusive: ExclusiveCalls
    let ears: AgentEars
    let watches: SharedWatches
    let tasks = TaskOwner()
    private let dedicated: Mutex<[SessionID: SessionSlot]> = Mutex([:])

    /// The opening of a session is given up after this time even where the call has more.
    private static let patience = TimeAmount.seconds(10)

    init(
        of tenant: TenantName, with document: UpstreamDocument, over transport: any UpstreamTransport, in directory: any UpstreamSessions,
        audience: Audience
    ) {
        self.tenant = tenant
        self.document = document
        self.transport = transport
        self.directory = directory
        exclusive = ExclusiveCalls(pool: ExclusivePool(most: document.limits.sessions), transport: transport, tasks: tasks) { message in
            audience.hear(message, of: document.name, tenant)
        }
        watches = SharedWatches(of: tenant, with: document.name, over: transport, audience: audience, by: tasks)
        ears = AgentEars(of: tenant, with: document.name, in: directory, audience: audience, by: tasks)
    }

    /// Listens to what upstreams say outside of answers until the task is cancelled.
    func run() async { await tasks.run() }

    /// The way of a call of an agent that has no session, but may be asked or wants to see what the upstream logs: a session in which nothing
    /// else runs, for all that the upstream says must go to this call. Nil for all other calls.
    func exclusive(for caller: Caller, terms: SessionTerms?) -> (ExclusiveCalls, ClientProfile)? {
        guard caller.isStateless, let profile = caller.profile, !profile.abilities.isEmpty || caller.logLevel != nil, isDedicated(terms)
        else {
            return nil
        }
        return (exclusive, profile)
    }

    /// The place of the session in which a call of this agent's session is made; `terms` is what was last agreed with the upstream.
    func slot(for agent: SessionID, terms: SessionTerms?) -> SessionSlot {
        guard isDedicated(terms) else { return shared }
        return dedicated.withLock { slots in
            if let slot = slots[agent] { return slot }
            let slot = SessionSlot()
            slots[agent] = slot
            return slot
        }
    }

    /// The agent's own session that is open here.
    func open(for agent: SessionID) -> (any UpstreamSession)? { dedicated.withLock { $0[agent] }?.current }

    /// The session in the slot, opened or gone on with where there is none. Nothing has run when it throws.
    func session(
        in slot: SessionSlot, for caller: Caller, terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> any UpstreamSession {
        let limit = min(deadline, .now() + Self.patience)
        do throws(UpstreamFailure) {
            return try await slot.session(on: lane, before: limit) { replacing throws(UpstreamFailure) in
                guard slot !== shared else { return try await transport.open(as: nil, remembering: terms, on: lane, before: limit) }
                return try await open(for: caller, replacing: replacing, terms: terms, on: lane, before: limit)
            }
        } catch {
            if case .storeUnavailable = error { throw error }
            // Only the handshake was sent: the call was not.
            throw .notDispatched(reason: error.reason)
        }
    }

    /// Lets calls use a session that was opened to look after the upstream, where they all share one; the caller's previous one goes.
    /// True where the session belongs to the calls from now on.
    func share(_ session: any UpstreamSession, insteadOf previous: (any UpstreamSession)?) -> Bool {
        !isDedicated(session.terms) && shared.fill(session, insteadOf: previous)
    }

    /// The agent's session has ended: its own is closed where no other node can, and forgotten.
    func forget(_ agent: SessionID, on lane: Lane) {
        exclusive.forget(agent)
        ears.forget(agent)
        watches.forget(agent)
        guard let session = dedicated.withLock({ $0.removeValue(forKey: agent) })?.close() else { return }
        if transport.resume(session.terms, as: nil) == nil { session.close(on: lane) }
    }

    /// Ends a session that was kept for an agent.
    func close(_ terms: SessionTerms, on lane: Lane) { transport.resume(terms, as: nil)?.close(on: lane) }

    /// Lets go of what agents have not used since `deadline`; any node can go on with it.
    func evict(unusedSince deadline: NIODeadline, on lane: Lane) {
        let idle = dedicated.withLock { slots in slots.filter { $0.value.lastUse < deadline }.map(\.key) }
            .filter { !ears.listens(for: $0) }
        for agent in idle { forget(agent, on: lane) }
        exclusive.evict(unusedSince: deadline)
    }

    /// Closes what only this node has: nobody asks here any more.
    func closeAll(on lane: Lane) {
        shared.close()?.close(on: lane)
        exclusive.closeAll()
        ears.closeAll()
        for agent in dedicated.withLock({ Array($0.keys) }) { forget(agent, on: lane) }
    }

    /// False where all sessions are alike: the upstream keeps none, or it is a process of this node.
    func isDedicated(_ terms: SessionTerms?) -> Bool {
        guard document.sessions == .dedicated, let terms else { return false }
        return terms.transport == .sse || terms.transport == .streamableHTTP && terms.id != nil
    }

    /// Goes on with the session kept for the agent, or opens one and keeps it for all nodes.
    private func open(
        for caller: Caller, replacing: String?, terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> any UpstreamSession {
        do {
            if let kept = try await directory.find(document.name, for: caller.session, of: tenant), kept.id != replacing,
                let session = transport.resume(kept, as: caller.profile)
            {
                if !caller.isStateless, try await directory.watched(by: caller.session, of: tenant)[document.name] != nil {
                    await listen(in: session, for: caller, on: lane, before: deadline)
                }
                return session
            }
            let session = try await transport.open(as: caller.profile, remembering: terms, on: lane, before: deadline)
            guard session.terms.id != nil, transport.resume(session.terms, as: nil) != nil else { return session }
            let keeping = try await directory.keep(
                session.terms, with: document.name, for: caller.session, of: tenant, replacing: replacing, cap: document.limits.sessions)
            if case .kept = keeping, replacing != nil, !caller.isStateless { watchAgain(in: session, for: caller, on: lane) }
            return try resolve(keeping, opened: session, as: caller.profile, on: lane)
        } catch let failure as UpstreamFailure {
            throw failure
        } catch {
            if case .corrupt? = error as? StoreError { throw .notDispatched(reason: "what is kept of the session is unreadable") }
            throw .storeUnavailable
        }
    }

    private func resolve(
        _ keeping: Keeping, opened session: any UpstreamSession, as profile: ClientProfile?, on lane: Lane
    ) throws(UpstreamFailure) -> any UpstreamSession {
        if case .kept = keeping { return session }
        session.close(on: lane)
        switch keeping {
        case .existing(let terms):
            guard let other = transport.resume(terms, as: profile) else { throw .notDispatched(reason: "unusable session") }
            return other
        case .full: throw .notDispatched(reason: "too many sessions with this upstream")
        case .kept, .sessionGone: throw .notDispatched(reason: "the session has ended")
        }
    }
}
