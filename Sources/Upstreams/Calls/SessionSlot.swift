import NIOCore
import Synchronization

/// The place of one session that is opened when it is first needed, by one caller for all who wait.
final class SessionSlot: Sendable {
    private enum Phase {
        /// `replacing`: the id of the session that the upstream no longer knows.
        case empty(replacing: String?)
        case opening(replacing: String?)
        case open(any UpstreamSession)
        case closed
    }

    private struct State {
        var phase = Phase.empty(replacing: nil)
        /// Why the last attempt failed, for those who waited for it.
        var failure: UpstreamFailure?
        var lastUse = NIODeadline.now()
    }

    private enum Step {
        case use(any UpstreamSession)
        case open(replacing: String?)
        case wait(after: Int)
        case over
    }

    private let state = Mutex(State())
    private let changed = Bell()

    /// The session; where there is none `open` makes it, which is given the id of the one it replaces.
    func session(
        on lane: Lane, before deadline: NIODeadline,
        open: (_ replacing: String?) async throws(UpstreamFailure) -> any UpstreamSession
    ) async throws(UpstreamFailure) -> any UpstreamSession {
        while true {
            switch step() {
            case .use(let session): return session
            case .over: throw .notDispatched(reason: "the session has ended")
            case .open(let replacing): return try await fill(replacing, open, on: lane)
            case .wait(let seen):
                await changed.wait(after: seen, until: deadline, on: lane.eventLoop)
                guard deadline > .now() else { throw .notDispatched(reason: HTTPFailure.Reason.queueTimeout.rawValue) }
                guard !Task.isCancelled else { throw .notDispatched(reason: HTTPFailure.Reason.cancelled.rawValue) }
                if let failure = state.withLock({ $0.failure }) { throw failure }
            }
        }
    }

    /// The session, where one is open: it counts as asked for.
    func use() -> (any UpstreamSession)? {
        state.withLock { state in
            guard case .open(let session) = state.phase else { return nil }
            state.lastUse = .now()
            return session
        }
    }

    /// The upstream knows this session no more: the next caller opens another.
    func drop(_ session: any UpstreamSession) {
        state.withLock { state in
            guard case .open(let current) = state.phase, current === session else { return }
            state.phase = .empty(replacing: session.terms.id)
        }
    }

    /// Puts an open session in where there is none, or the one given; false where it stays out.
    func fill(_ session: any UpstreamSession, insteadOf previous: (any UpstreamSession)?) -> Bool {
        let isIn = state.withLock { state in
            switch state.phase {
            case .empty: break
            case .open(let current) where current === previous: break
            case .open, .opening, .closed: return false
            }
            state.phase = .open(session)
            return true
        }
        changed.ring()
        return isIn
    }

    /// Takes the session out for good.
    func close() -> (any UpstreamSession)? {
        let session = state.withLock { state -> (any UpstreamSession)? in
            defer { state.phase = .closed }
            if case .open(let session) = state.phase { return session }
            return nil
        }
        changed.ring()
        return session
    }

    /// The session, where one is open.
    var current: (any UpstreamSession)? { state.withLock { if case .open(let session) = $0.phase { session } else { nil } } }

    /// When it was last asked for.
    var lastUse: NIODeadline { state.withLock { $0.lastUse } }

    private func step() -> Step {
        let seen = changed.count
        return state.withLock { state in
            state.lastUse = .now()
            switch state.phase {
            case .open(let session): return .use(session)
            case .closed: return .over
            case .opening: return .wait(after: seen)
            case .empty(let replacing):
                state.phase = .opening(replacing: replacing)
                state.failure = nil
                return .open(replacing: replacing)
            }
        }
    }

    private func fill(
        _ replacing: String?, _ open: (_ replacing: String?) async throws(UpstreamFailure) -> any UpstreamSession, on lane: Lane
    ) async throws(UpstreamFailure) -> any UpstreamSession {
        do throws(UpstreamFailure) {
            let session = try await open(replacing)
            let isOver = state.withLock { state in
                if case .closed = state.phase { return true }
                state.phase = .open(session)
                return false
            }
            changed.ring()
            guard isOver else { return session }
            session.close(on: lane)
            throw .notDispatched(reason: "the session has ended")
        } catch {
            // Of a caller who gave up the others learn nothing: the next of them tries.
            let isOurs = Task.isCancelled
            state.withLock { state in
                if case .opening = state.phase { state.phase = .empty(replacing: replacing) }
                state.failure = isOurs ? nil : error
            }
            changed.ring()
            throw error
        }
    }
}
