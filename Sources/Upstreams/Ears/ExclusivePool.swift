import Governance
import NIOCore
import Synchronization

/// The exclusive sessions with one upstream that this node has, in use or waiting for the next call of their agent.
final class ExclusivePool: Sendable {
    private struct State {
        /// Of all agents, the one used last at the end.
        var idle: [ExclusiveSession] = []
        var count = 0
        var isClosed = false
    }

    private let most: Int
    private let state = Mutex(State())

    /// At most so many, in use or not.
    init(most: Int) { self.most = most }

    /// What may be done for a call.
    enum Lease {
        case use(ExclusiveSession)
        /// Open one; where another agent's had to go for it, close that.
        case open(insteadOf: ExclusiveSession?)
        case full
    }

    /// Takes out a session of the agent's, or the right to open one.
    func lease(for agent: SessionID) -> Lease {
        state.withLock { state in
            guard !state.isClosed else { return .full }
            if let index = state.idle.lastIndex(where: { $0.agent == agent }) { return .use(state.idle.remove(at: index)) }
            if state.count < most {
                state.count += 1
                return .open(insteadOf: nil)
            }
            return state.idle.isEmpty ? .full : .open(insteadOf: state.idle.removeFirst())
        }
    }

    /// Puts back what may serve another call; false where it is not wanted any more.
    func putBack(_ session: ExclusiveSession) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.idle.append(session)
            return true
        }
    }

    /// One that was leased is no more.
    func gone() { state.withLock { $0.count -= 1 } }

    /// Takes out the idle ones that meet the condition, for the caller to close.
    func takeOut(where isMeant: (ExclusiveSession) -> Bool) -> [ExclusiveSession] {
        state.withLock { state in
            let taken = state.idle.filter(isMeant)
            state.idle.removeAll(where: isMeant)
            state.count -= taken.count
            return taken
        }
    }

    /// Takes out all; what is in use does not come back.
    func close() -> [ExclusiveSession] {
        state.withLock { $0.isClosed = true }
        return takeOut { _ in true }
    }
}
