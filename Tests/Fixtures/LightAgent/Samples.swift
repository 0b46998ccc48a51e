import Foundation
import Synchronization

/// What became of a call.
struct Sample: Sendable {
    let call: Int
    let outcome: String
    let hash: UInt64
    let attempts: Int
    /// Of the monotonic clock.
    let began: Double
    let ended: Double
    /// Why it was tried again.
    let troubles: [String]

    /// One line of the file.
    var line: String {
        let numbers = "\(call)\t\(String(hash, radix: 16))\t\(attempts)\t\(began)\t\(ended)"
        return "\(numbers)\t\(outcome)\t\(troubles.joined(separator: ", "))\n"
    }
}

/// What became of all calls, and which one is next.
final class Samples: Sendable {
    private struct State {
        var next = 0
        var samples: [Sample] = []
    }

    private let state = Mutex(State())

    /// How many calls are over.
    var count: Int { state.withLock { $0.samples.count } }

    /// The next call that nobody has begun.
    func next(of calls: Int) -> Int? {
        state.withLock { state in
            guard state.next < calls else { return nil }
            state.next += 1
            return state.next - 1
        }
    }

    func add(_ sample: Sample) { state.withLock { $0.samples.append(sample) } }

    /// Writes all of them, a line each.
    func write(to path: String) throws {
        let text = state.withLock { $0.samples }.map(\.line).joined()
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
}
