import Governance
import MCPWire
import NIOCore
import Synchronization

/// The resources of one upstream that agents at this node watch without an upstream session of their own: one session of the gateway's, in
/// which it can be asked nothing, hears of all of them, and whatever changes is told to each who watches it.
final class SharedWatches: Sendable {
    private struct State {
        var agents: [String: [SessionID: Int]] = [:]
        /// What the upstream tells of now, and what it will not.
        var standing: Set<String> = []
        var refused: Set<String> = []
        var isRunning = false
    }

    private let tenant: TenantName
    private let upstream: UpstreamName
    private let transport: any UpstreamTransport
    private let audience: Audience
    private let tasks: TaskOwner
    private let state = Mutex(State())
    private let changed = Bell()
    private let told = Bell()

    init(
        of tenant: TenantName, with upstream: UpstreamName, over transport: any UpstreamTransport, audience: Audience, by tasks: TaskOwner
    ) {
        self.tenant = tenant
        self.upstream = upstream
        self.transport = transport
        self.audience = audience
        self.tasks = tasks
    }

    /// Has the agent told of changes of the resource until it is removed as often as it was added; false where the upstream does not tell.
    func add(
        _ uri: String, for agent: SessionID, terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async -> Bool {
        begin(uri, for: agent, terms: terms, on: lane)
        while deadline > .now(), !Task.isCancelled {
            let seen = told.count
            let (stands, isRefused) = state.withLock { ($0.standing.contains(uri), $0.refused.contains(uri)) }
            if stands { return true }
            if isRefused { break }
            await told.wait(after: seen, until: deadline, on: lane.eventLoop)
        }
        remove(uri, for: agent)
        return false
    }

    /// Has the agent told of changes of the resource from whenever the upstream can be asked for them.
    func begin(_ uri: String, for agent: SessionID, terms: SessionTerms?, on lane: Lane) {
        let mustStart = state.withLock { state in
            state.agents[uri, default: [:]][agent, default: 0] += 1
            state.refused.remove(uri)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        changed.ring()
        if mustStart, !tasks.start(on: lane, { await self.run(terms, on: lane) }) { state.withLock { $0.isRunning = false } }
    }

    /// The agent does not want to know of the resource any more.
    func remove(_ uri: String, for agent: SessionID) {
        state.withLock { state in
            guard let count = state.agents[uri]?[agent] else { return }
            state.agents[uri]?[agent] = count > 1 ? count - 1 : nil
            if state.agents[uri]?.isEmpty == true { state.agents[uri] = nil }
        }
        changed.ring()
    }

    /// What the agent watches here.
    func watched(by agent: SessionID) -> Set<String> {
        state.withLock { state in Set(state.agents.filter { $0.value[agent] != nil }.keys) }
    }

    /// The agent is gone.
    func forget(_ agent: SessionID) {
        state.withLock { state in
            for uri in state.agents.keys where state.agents[uri]?[agent] != nil {
                state.agents[uri]?[agent] = nil
                if state.agents[uri]?.isEmpty == true { state.agents[uri] = nil }
            }
        }
        changed.ring()
    }

    private var wanted: Set<String> { state.withLock { Set($0.agents.keys) } }

    /// Keeps a session as long as anybody watches anything.
    private func run(_ terms: SessionTerms?, on lane: Lane) async {
        var backoff = Backoff(from: .milliseconds(200), to: .seconds(15))
        while !Task.isCancelled {
            let isOver = state.withLock { state in
                if state.agents.isEmpty { state.isRunning = false }
                return state.agents.isEmpty
            }
            if isOver { return }
            let begun = NIODeadline.now()
            if let session = try? await transport.open(as: nil, remembering: terms, on: lane, before: .now() + .seconds(10)) {
                if Dialect.modern.contains(session.terms.revision) {
                    await listen(in: session, on: lane)
                } else {
                    await subscribe(in: session, on: lane)
                }
                state.withLock { $0.standing = [] }
                session.close(on: lane)
            }
            if .now() - begun > .seconds(15) { backoff.reset() }
            if !wanted.isEmpty { await Bell().wait(after: 0, until: .now() + backoff.next(), on: lane.eventLoop) }
        }
    }

    /// An upstream without a handshake is asked anew for the whole set when that changes.
    private func listen(in session: any UpstreamSession, on lane: Lane) async {
        while !Task.isCancelled {
            let seen = changed.count
            let uris = wanted
            if uris.isEmpty { return }
            let end = await withTaskGroup(of: HearingEnd?.self) { group in
                group.addTask {
                    (try? await session.watch(uris.sorted(), on: lane) { message in
                        if let message { self.heard(message) } else { self.stands(uris) }
                    }) ?? .ended(nil)
                }
                group.addTask {
                    await self.changed.wait(after: seen, until: .distantFuture, on: lane.eventLoop)
                    return nil
                }
                defer { group.cancelAll() }
                return await group.next() ?? nil
            }
            if end == .unsupported { refuse(uris) }
            if end != nil { return }
        }
    }

    /// One with a handshake is asked for each resource, and tells on its stream beside its answers.
    private func subscribe(in session: any UpstreamSession, on lane: Lane) async {
        let ear = SessionEar(session, on: lane) { message in
            if message.kind == .request, let reply = Outgoing.reply(to: message) { session.post(reply, on: lane) }
            self.heard(message)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await ear.run() }
            group.addTask {
                await ear.opened(before: .now() + SessionEar.patience, on: lane.eventLoop)
                await self.keepAsking(in: session, on: lane)
            }
            await group.next()
            group.cancelAll()
        }
        ear.close()
    }

    /// Returns when nobody watches anything, or the session is over.
    private func keepAsking(in session: any UpstreamSession, on lane: Lane) async {
        while !Task.isCancelled {
            let seen = changed.count
            let wanted = wanted
            let standing = state.withLock { $0.standing }
            for uri in standing.subtracting(wanted) {
                _ = try? await session.ask(.watch(uri, false), on: lane, before: .now() + SessionEar.patience)
                state.withLock { _ = $0.standing.remove(uri) }
            }
            if wanted.isEmpty { return }
            for uri in wanted.subtracting(standing) {
                guard let answer = try? await session.ask(.watch(uri, true), on: lane, before: .now() + SessionEar.patience) else { return }
                if case .error = answer.kind { refuse([uri]) } else { stands([uri]) }
            }
            await changed.wait(after: seen, until: .distantFuture, on: lane.eventLoop)
        }
    }

    private func stands(_ uris: Set<String>) {
        state.withLock { $0.standing.formUnion(uris) }
        told.ring()
    }

    private func refuse(_ uris: Set<String>) {
        state.withLock { $0.refused.formUnion(uris) }
        told.ring()
    }

    private func heard(_ message: Message) {
        guard message.method == Method.resourceUpdated, let uri = message.paramText("uri") else { return }
        let agents = state.withLock { $0.agents[uri].map { Array($0.keys) } ?? [] }
        for agent in agents {
            _ = audience.tell(Overheard(tenant: tenant, session: agent, upstream: upstream, message: message, respond: { _ in }))
        }
    }
}
