import Governance
import MCPWire
import NIOCore
import Synchronization

/// Makes the calls of agents without a session in upstream sessions that run one call at a time.
struct ExclusiveCalls: Sendable {
    let pool: ExclusivePool
    let transport: any UpstreamTransport
    let tasks: TaskOwner
    /// Takes in what upstreams say that is for no call.
    let others: @Sendable (Message) -> Void

    /// The opening of a session is given up after this time even where the call has more.
    private static let patience = TimeAmount.seconds(10)

    /// Sends the request; what comes of it comes out of the exchange. `terms` is what was last agreed with the upstream.
    func begin(
        _ request: UpstreamRequest, for caller: Caller, as profile: ClientProfile, terms: SessionTerms?, on lane: Lane,
        before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> UpstreamExchange {
        let held = try await session(for: caller, as: profile, terms: terms, on: lane, before: deadline)
        let call = ExclusiveCall(in: held)
        let isStarted = tasks.start(on: lane) {
            await run(call, request, as: profile, terms: terms, on: lane, before: deadline)
        }
        guard isStarted else {
            discard(held)
            throw .notDispatched(reason: "shutting down")
        }
        return UpstreamExchange(call, on: lane)
    }

    /// Closes those of an agent that nothing runs in.
    func forget(_ agent: SessionID) { close { $0.agent == agent } }

    /// Closes those that no call has used since then.
    func evict(unusedSince deadline: NIODeadline) { close { $0.lastUse < deadline } }

    /// Closes all; those in use as soon as they are not.
    func closeAll() { for session in pool.close() { session.close() } }

    private func close(where isMeant: (ExclusiveSession) -> Bool) {
        for session in pool.takeOut(where: isMeant) { session.close() }
    }

    private func discard(_ session: ExclusiveSession) {
        pool.gone()
        session.close()
    }

    /// One of the agent's that is free, or a new one.
    private func session(
        for caller: Caller, as profile: ClientProfile, terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> ExclusiveSession {
        switch pool.lease(for: caller.session) {
        case .full: throw .notDispatched(reason: "too many sessions with this upstream")
        case .use(let session):
            await tell(caller.logLevel, to: session, on: lane, before: deadline)
            return session
        case .open(let other):
            other?.close()
            do throws(UpstreamFailure) {
                return try await open(for: caller, as: profile, terms: terms, on: lane, before: deadline)
            } catch {
                pool.gone()
                // Only the handshake was sent: the call was not.
                throw .notDispatched(reason: error.reason)
            }
        }
    }

    private func open(
        for caller: Caller, as profile: ClientProfile, terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> ExclusiveSession {
        let limit = min(deadline, .now() + Self.patience)
        let session = try await transport.open(as: profile, remembering: terms, on: lane, before: limit)
        let held = ExclusiveSession(session, for: caller.session, as: profile, on: lane, others: others)
        await held.listen(by: tasks, before: limit, on: lane.eventLoop)
        await tell(caller.logLevel, to: held, on: lane, before: limit)
        return held
    }

    /// Has the upstream log what the agent wants to see; what it answers matters to nobody.
    private func tell(_ level: LogLevel?, to held: ExclusiveSession, on lane: Lane, before deadline: NIODeadline) async {
        guard let level, held.session.terms.capabilities.contains(.logging), held.adopts(level) else { return }
        let limit = min(deadline, .now() + SessionEar.patience)
        _ = try? await held.session.ask(.setLevel(level), on: lane, before: limit)
    }

    /// Passes on what comes until the answer, or until nobody waits for it; then the session is free, unless it may be at work still.
    private func run(
        _ call: ExclusiveCall, _ request: UpstreamRequest, as profile: ClientProfile, terms: SessionTerms?, on lane: Lane,
        before deadline: NIODeadline
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await pass(call, request, as: profile, terms: terms, on: lane, before: deadline) }
            group.addTask { await call.items.abandoned.wait(after: 0, until: .distantFuture, on: lane.eventLoop) }
            await group.next()
            group.cancelAll()
        }
        if let held = call.leave() { discard(held) }
    }

    private func pass(
        _ call: ExclusiveCall, _ request: UpstreamRequest, as profile: ClientProfile, terms: SessionTerms?, on lane: Lane,
        before deadline: NIODeadline
    ) async {
        do throws(UpstreamFailure) {
            for attempt in 0..<2 {
                if let exchange = try await call.session.session.send(request, on: lane, before: deadline) {
                    return try await pass(exchange, to: call, on: lane, before: deadline)
                }
                // It is gone at the upstream: the call did not run.
                guard attempt == 0, let caller = request.caller else { break }
                call.session.close()
                call.move(to: try await open(for: caller, as: profile, terms: terms, on: lane, before: deadline))
            }
            throw .notDispatched(reason: "the session was refused")
        } catch {
            call.items.fail(error)
        }
    }

    private func pass(
        _ exchange: UpstreamExchange, to call: ExclusiveCall, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) {
        call.runs(in: exchange, on: lane)
        while let item = try await exchange.next() {
            if exchange.hasStarted { call.items.markStarted() }
            // Whoever has the answer finds the session free.
            if case .answer = item, let held = call.leave(), !pool.putBack(held) { discard(held) }
            call.items.put(item)
            await call.items.drained(until: deadline, on: lane.eventLoop)
        }
    }
}

/// A call in an exclusive session, which another may replace before the call runs.
final class ExclusiveCall: Backchannel {
    let items = ItemQueue()
    private let held: Mutex<ExclusiveSession>
    private let hasLeft = Atomic(false)
    private let running: Mutex<NIOLoopBound<Running>?> = Mutex(nil)

    /// The exchange that the call runs in, held by who reads it.
    private struct Running {
        weak var exchange: UpstreamExchange?
    }

    init(in session: ExclusiveSession) {
        held = Mutex(session)
        session.serve(items)
    }

    var session: ExclusiveSession { held.withLock { $0 } }

    /// Goes on in another session.
    func move(to session: ExclusiveSession) {
        held.withLock { $0 }.serve(nil)
        held.withLock { $0 = session }
        session.serve(items)
    }

    /// The session, which hears nothing for the call any more; nil the second time.
    func leave() -> ExclusiveSession? {
        guard !hasLeft.exchange(true, ordering: .relaxed) else { return nil }
        let session = session
        session.serve(nil)
        return session
    }

    /// The call has been sent.
    func runs(in exchange: UpstreamExchange, on lane: Lane) {
        let bound = NIOLoopBound(Running(exchange: exchange), eventLoop: lane.eventLoop)
        running.withLock { $0 = bound }
    }

    /// Its answer may take until then, whatever was said before; on the loop that it runs on.
    func extend(to deadline: NIODeadline) { running.withLock { $0 }?.value.exchange?.extend(to: deadline) }

    func cancel(_ id: Int) { items.abandon() }

    func post(_ message: [UInt8]) { session.post(message) }
}
