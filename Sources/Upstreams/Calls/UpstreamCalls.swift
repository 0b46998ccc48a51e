import Governance
import MCPWire
import NIOCore
import Synchronization

/// The way of this node's calls to one upstream: admission, circuit breaker, session, request.
final class UpstreamCalls: Sendable {
    let sessions: CallSessions
    private let admission: Admission
    private let breaker: Mutex<Breaker>
    /// Rung when a call finds the upstream in trouble, or well where it was thought down.
    private let wanted: Bell

    init(limits: UpstreamDocument.Limits, sessions: CallSessions, timings: UpstreamTimings, wanted: Bell) {
        self.sessions = sessions
        self.wanted = wanted
        admission = Admission(calls: limits.calls, waiting: limits.waiting)
        breaker = Mutex(Breaker(from: timings.askedPause, to: timings.longestPause))
    }

    /// Sends a call; a session that the upstream does not know (any more) is replaced once, as the call did not run.
    func forward(
        _ call: ForwardedRequest, to target: Target, for caller: Caller, terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> UpstreamExchange {
        if !admission.enter() { try await admission.enter(before: deadline, on: lane.eventLoop) }
        let permit: Permit
        do throws(UpstreamFailure) {
            permit = try self.permit()
            let exchange = try await exchange(call, target, for: caller, terms: terms, on: lane, before: deadline)
            exchange.onEnd = { failure in self.ended(permit, failure) }
            return exchange
        } catch {
            admission.leave()
            throw error
        }
    }

    /// The upstream stands so, as the node that looks after it has found.
    func reported(_ standing: UpstreamRecord.Standing) {
        breaker.withLock { breaker in
            switch standing {
            case .up: breaker.succeeded()
            case .down(let reason): breaker.reportedDown(reason, now: .now())
            }
        }
    }

    /// Waits until no call is under way, or the deadline, and closes the sessions.
    func drain(until deadline: NIODeadline, on lane: Lane) async {
        let never = Bell()
        while admission.running > 0, deadline > .now(), !Task.isCancelled {
            await never.wait(after: 0, until: min(deadline, .now() + .milliseconds(50)), on: lane.eventLoop)
        }
        sessions.closeAll(on: lane)
    }

    private enum Permit: Sendable { case pass, probe }

    private func permit() throws(UpstreamFailure) -> Permit {
        switch breaker.withLock({ $0.admit(now: .now()) }) {
        case .pass: return .pass
        case .probe: return .probe
        case .refuse(let reason):
            wanted.ring()
            throw .notDispatched(reason: reason)
        }
    }

    private func exchange(
        _ call: ForwardedRequest, _ target: Target, for caller: Caller, terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> UpstreamExchange {
        let request = UpstreamRequest.forward(call, to: target, caller: caller)
        do throws(UpstreamFailure) {
            if let (exclusive, profile) = sessions.exclusive(for: caller, terms: terms) {
                return try await exclusive.begin(request, for: caller, as: profile, terms: terms, on: lane, before: deadline)
            }
            let slot = sessions.slot(for: caller.session, terms: terms)
            for _ in 0..<2 {
                let session: any UpstreamSession
                if let open = slot.use() {
                    session = open
                } else {
                    session = try await sessions.session(in: slot, for: caller, terms: terms, on: lane, before: deadline)
                }
                if caller.canBeTold || sessions.ears.knows(caller.session) {
                    await sessions.listen(in: session, for: caller, on: lane, before: deadline)
                }
                if let exchange = try await session.send(request, on: lane, before: deadline) { return exchange }
                slot.drop(session)
            }
            throw .notDispatched(reason: "the session was refused")
        } catch {
            judge(error)
            throw error
        }
    }

    private func ended(_ permit: Permit, _ failure: UpstreamFailure?) {
        admission.leave()
        guard let failure else {
            breaker.withLock { $0.succeeded() }
            if permit == .probe { wanted.ring() }
            return
        }
        judge(failure)
    }

    /// What a failed call tells of the upstream.
    private func judge(_ failure: UpstreamFailure) {
        let now = NIODeadline.now()
        switch failure {
        case .refused(let answer):
            breaker.withLock { $0.succeeded() }
            // A header is not what the upstream wants: the tool is defined otherwise by now.
            if answer.era == .modern, answer.kind == .error(code: ErrorCode.headerMismatch) { wanted.ring() }
        case .needsInput: breaker.withLock { $0.succeeded() }
        case .notDispatched(let reason), .broken(let reason):
            guard HTTPFailure.Reason(rawValue: reason)?.isOurs != true else { return breaker.withLock { $0.probeVoided(now: now) } }
            breaker.withLock { $0.failed(reason, now: now) }
            if case .notDispatched = failure { wanted.ring() }
        case .storeUnavailable: breaker.withLock { $0.probeVoided(now: now) }
        case .timedOut: breaker.withLock { $0.failed(failure.reason, now: now) }
        }
    }
}
