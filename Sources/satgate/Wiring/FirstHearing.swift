import Store
import Synchronization

/// Whether the node has ever heard what nodes tell each other: its user of Redis may be one who must not.
final class FirstHearing: ControlListener {
    private let hasListened = Atomic(false)

    /// True as soon as its channels were confirmed once.
    var hasCome: Bool { hasListened.load(ordering: .relaxed) }

    func heard(_ message: ControlMessage) {}
    func reconnected() { hasListened.store(true, ordering: .relaxed) }
}
