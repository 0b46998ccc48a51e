import Synchronization

/// How the node stands with stopping, for all who ask, and where wishes about it go.
package final class DrainControl: Sendable {
    private let drain: Mutex<Drain>
    /// The phase, to be read for every request.
    private let current = Atomic(Drain.Phase.serving.rawValue)
    /// What has happened, in its order; one reader.
    let inputs: AsyncStream<Drain.Input>
    private let feed: AsyncStream<Drain.Input>.Continuation
    private let start = ContinuousClock.now
    /// Milliseconds in which the node has ended after it was asked to.
    package let grace: Int64

    init(_ terms: DrainTerms) {
        drain = Mutex(Drain(terms))
        grace = terms.grace
        (inputs, feed) = AsyncStream.makeStream()
    }

    /// The node is to end soon: nothing is waited for but what is about to end.
    package func hurry() { feed.yield(.hurried) }

    /// One word for how far it is.
    package var standing: String { "\(phase)" }

    /// Whether the node is to be sent agents.
    package var isServing: Bool { phase == .serving }

    var phase: Drain.Phase { Drain.Phase(rawValue: current.load(ordering: .relaxed)) ?? .over }

    /// Something has happened.
    func note(_ input: Drain.Input) { feed.yield(input) }

    /// What to do about it, and after how many milliseconds to look again.
    func take(_ input: Drain.Input) -> (actions: [Drain.Action], wait: Int64?) {
        let parts = (ContinuousClock.now - start).components
        let now = parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000
        return drain.withLock { drain in
            let actions = drain.take(input, at: now)
            current.store(drain.phase.rawValue, ordering: .relaxed)
            return (actions, drain.deadline.map { max(1, $0 - now) })
        }
    }
}
