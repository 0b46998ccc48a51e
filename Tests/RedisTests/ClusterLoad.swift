import NIOCore
import Synchronization

@testable import Redis

/// Callers that add to counters of one slot, and one that writes elsewhere, until stopped.
final class ClusterLoad: Sendable {
    /// What came of it so far.
    struct Tally {
        var singles = 0
        var pairs = 0
        var others = 0
        var slowestOther = Duration.zero
        /// What no server may ever answer.
        var wrong: [String] = []
    }

    private let counts = Mutex(Tally())
    private let hasStopped = Atomic(false)
    private let tasks = Mutex<[Task<Void, Never>]>([])
    private static let add = Script(name: "add", source: Array("return redis.call('INCR', KEYS[1])".utf8))
    private static let both = Script(
        name: "both",
        source: Array(
            """
            local a, b = redis.call('INCR', KEYS[1]), redis.call('INCR', KEYS[2])
            return a == b and a or redis.error_reply('TORN')
            """.utf8))

    init(on client: RedisClient, single: String, pair: (String, String), other: String) {
        let keys = [pair.0, pair.1]
        for _ in 0..<4 {
            begin {
                try await Self.add.run(on: client, keys: [single]).number != nil
            } note: {
                $0.singles += 1
            }
            begin {
                try await Self.both.run(on: client, keys: keys).number != nil
            } note: {
                $0.pairs += 1
            }
        }
        begin {
            let start = ContinuousClock.now
            _ = try await client.send(["SET", .text(other), "x"])
            let took = ContinuousClock.now - start
            self.counts.withLock { $0.slowestOther = max($0.slowestOther, took) }
            return true
        } note: {
            $0.others += 1
        }
    }

    var tally: Tally { counts.withLock { $0 } }

    func stop() async {
        hasStopped.store(true, ordering: .relaxed)
        for task in tasks.withLock({ $0 }) { await task.value }
    }

    private func begin(_ call: @escaping @Sendable () async throws -> Bool, note: @escaping @Sendable (inout Tally) -> Void) {
        let task = Task {
            while !self.hasStopped.load(ordering: .relaxed) {
                do {
                    let isGood = try await call()
                    self.counts.withLock { if isGood { note(&$0) } else { $0.wrong.append("no number") } }
                } catch let error as RedisError {
                    if case .server("TORN", _) = error { self.counts.withLock { $0.wrong.append("\(error)") } }
                    // Whoever forgets to stop it must not be starved by it.
                    if case .notSent = error { try? await Task.sleep(for: .milliseconds(1)) }
                } catch { self.counts.withLock { $0.wrong.append("\(error)") } }
            }
        }
        tasks.withLock { $0.append(task) }
    }
}
