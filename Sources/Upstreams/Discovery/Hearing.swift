import Synchronization

/// Whether the stream on which an upstream tells of changes began before its tools were listed.
final class Hearing: Sendable {
    /// Rung when the stream has begun, or there will be none.
    let begun = Bell()
    private let areListed = Atomic(false)

    /// The tools are being listed from now on.
    func expectLists() { areListed.store(true, ordering: .relaxed) }

    /// A stream that begins now may have missed something.
    var isLate: Bool { areListed.load(ordering: .relaxed) }
}
