import Governance
import MCPWire
import NIOCore
import Synchronization

/// The ears of agents' own sessions with one upstream. Each session has one in the whole cluster: a node that uses the session and finds that
/// nobody living listens takes it over.
final class AgentEars: Sendable {
    private enum Entry: Sendable {
        /// Or there is nothing to hear in this session.
        case here(SessionEar)
        case elsewhere(EarClaim)
    }

    private let tenant: TenantName
    private let upstream: UpstreamName
    private let directory: any UpstreamSessions
    private let audience: Audience
    private let tasks: TaskOwner
    private let entries: Mutex<[SessionID: Entry]> = Mutex([:])
    /// The level of log messages that the upstream was last told by this node, and in which session.
    private let levels: Mutex<[SessionID: (session: ObjectIdentifier, id: String?, level: LogLevel)]> = Mutex([:])

    /// How often a node says that it still listens; others forget it after four times that.
    private static let renewal = TimeAmount.seconds(30)

    init(of tenant: TenantName, with upstream: UpstreamName, in directory: any UpstreamSessions, audience: Audience, by tasks: TaskOwner) {
        self.tenant = tenant
        self.upstream = upstream
        self.directory = directory
        self.audience = audience
        self.tasks = tasks
    }

    /// Sees to it that someone listens in the agent's session with the upstream, and returns when the stream has begun where that is this
    /// node: what an upstream says while nobody listens is lost.
    func ensure(
        in session: any UpstreamSession, of agent: SessionID, as profile: ClientProfile?, on lane: Lane, before deadline: NIODeadline
    ) async {
        let limit = min(deadline, .now() + SessionEar.patience)
        let (ear, previous) = entries.withLock { entries -> (SessionEar?, Entry?) in
            let current = entries[agent]
            if let current, serves(current, session) {
                if case .here(let ear) = current { return (ear, nil) }
                return (nil, nil)
            }
            let voice = Voice(session: session, agent: agent, abilities: profile?.abilities ?? [], lane: lane)
            let ear = SessionEar(session, on: lane) { [weak self] message in self?.heard(message, voice) }
            entries[agent] = .here(ear)
            return (ear, current ?? .here(ear))
        }
        guard let ear else { return }
        if let previous {
            if case .here(let old) = previous, old !== ear { old.close() }
            await begin(ear, of: agent, insteadOf: previous, on: lane)
        }
        await ear.opened(before: limit, on: lane.eventLoop)
    }

    /// Notes the level of log messages that the upstream is told; false where it was told that in this session already.
    func adopts(_ level: LogLevel, in session: any UpstreamSession, of agent: SessionID) -> Bool {
        levels.withLock { levels in
            let (object, id) = (ObjectIdentifier(session), session.terms.id)
            let isTold = levels[agent].map { $0.level == level && (id == nil ? $0.session == object : $0.id == id) } ?? false
            levels[agent] = (object, id, level)
            return !isTold
        }
    }

    /// True where somebody was to listen for the agent, here or at another node.
    func knows(_ agent: SessionID) -> Bool { entries.withLock { $0[agent] != nil } }

    /// True while this node listens for the agent.
    func listens(for agent: SessionID) -> Bool {
        guard case .here(let ear)? = entries.withLock({ $0[agent] }) else { return false }
        return !ear.isOver
    }

    /// The agent's session has ended.
    func forget(_ agent: SessionID) {
        _ = levels.withLock { $0.removeValue(forKey: agent) }
        if case .here(let ear)? = entries.withLock({ $0.removeValue(forKey: agent) }) { ear.close() }
    }

    /// Listens no more at all.
    func closeAll() {
        for agent in entries.withLock({ Array($0.keys) }) { forget(agent) }
    }

    private func serves(_ entry: Entry, _ session: any UpstreamSession) -> Bool {
        switch entry {
        case .here(let ear):
            ear.session === session || session.terms.id != nil && ear.session.terms.id == session.terms.id
        case .elsewhere(let claim): claim.id == session.terms.id && audience.isAlive(claim.node)
        }
    }

    /// Claims the ear and starts it; without a claim it is closed.
    private func begin(_ ear: SessionEar, of agent: SessionID, insteadOf previous: Entry, on lane: Lane) async {
        var known: EarClaim?
        if case .elsewhere(let claim) = previous { known = claim }
        if let other = await claim(ear, of: agent, knowing: known) {
            return give(ear, of: agent, up: other)
        }
        let isStarted = tasks.start(on: lane) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await ear.run() }
                group.addTask { await self.renew(ear, of: agent, on: lane) }
                await group.next()
                group.cancelAll()
            }
        }
        if !isStarted { ear.close() }
    }

    /// Nil where the ear is ours, or nobody can tell; else whose it is, with no node where the agent's session has ended.
    private func claim(_ ear: SessionEar, of agent: SessionID, knowing known: EarClaim?) async -> Standing? {
        guard let id = ear.session.terms.id else { return nil }
        let mine = EarClaim(node: audience.node, id: id)
        var expected = known
        do throws(StoreError) {
            for _ in 0..<3 {
                let found = try await directory.claimEar(mine, on: upstream, for: agent, of: tenant, insteadOf: expected)
                guard let found else { return .gone }
                if found == mine { return nil }
                if found.id == id, audience.isAlive(found.node) { return .held(found) }
                expected = found
            }
        } catch {}
        return nil
    }

    private enum Standing { case gone, held(EarClaim) }

    private func renew(_ ear: SessionEar, of agent: SessionID, on lane: Lane) async {
        guard ear.session.terms.id != nil else {
            await Bell().wait(after: 0, until: .distantFuture, on: lane.eventLoop)
            return
        }
        while !Task.isCancelled, !ear.isOver {
            await Bell().wait(after: 0, until: .now() + Self.renewal, on: lane.eventLoop)
            if Task.isCancelled || ear.isOver { return }
            if let other = await claim(ear, of: agent, knowing: nil) { return give(ear, of: agent, up: other) }
        }
    }

    private func give(_ ear: SessionEar, of agent: SessionID, up standing: Standing) {
        ear.close()
        entries.withLock { entries in
            guard case .here(let current)? = entries[agent], current === ear else { return }
            switch standing {
            case .gone: entries[agent] = nil
            case .held(let claim): entries[agent] = .elsewhere(claim)
            }
        }
    }
}

/// Where what is heard comes from.
private struct Voice: Sendable {
    let session: any UpstreamSession
    let agent: SessionID
    let abilities: ClientAbilities
    let lane: Lane
}

extension AgentEars {
    /// Passes on what an agent is to know; what it may not be asked is answered here.
    private func heard(_ message: Message, _ voice: Voice) {
        let respond: @Sendable ([UInt8]) -> Void = { voice.session.post($0, on: voice.lane) }
        let overheard = Overheard(
            tenant: tenant, session: voice.agent, upstream: upstream, message: message, respond: respond)
        switch message.kind {
        case .response: return
        case .notification:
            if message.isForClient { _ = audience.tell(overheard) } else { audience.hear(message, of: upstream, tenant) }
        case .request:
            if let needed = message.neededAbility, voice.abilities.contains(needed), audience.tell(overheard) { return }
            if let reply = Outgoing.reply(to: message) { respond(reply) }
        }
    }
}
