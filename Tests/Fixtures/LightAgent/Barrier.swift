import Foundation

/// A place where threads wait for each other.
final class Barrier: Sendable {
    private let condition = NSCondition()
    private let parties: Int
    nonisolated(unsafe) private var waiting = 0
    nonisolated(unsafe) private var round = 0

    init(_ parties: Int) { self.parties = parties }

    /// Returns when all have come.
    func meet() {
        condition.lock()
        defer { condition.unlock() }
        let mine = round
        waiting += 1
        if waiting == parties {
            (waiting, round) = (0, round + 1)
            condition.broadcast()
        }
        while mine == round { condition.wait() }
    }
}
