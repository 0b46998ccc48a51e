import Governance
import Macaroons
import Synchronization

/// Grants of tokens seen before, by the SHA-256 of their text; never more than `capacity`. The text itself is not kept.
final class GrantCache: Sendable {
    /// What is used stays: it moves to the young, and the old are dropped when the young are full.
    private struct Generations {
        var young: [Digest: Grant] = [:]
        var old: [Digest: Grant] = [:]
        /// Rises whenever all is forgotten.
        var epoch: UInt64 = 0
    }

    private let half: Int
    private let generations = Mutex(Generations())

    init(capacity: Int) { half = max(1, capacity / 2) }

    /// How many are kept.
    var count: Int { generations.withLock { $0.young.count + $0.old.count } }

    func grant(for text: Digest) -> Grant? {
        generations.withLock { generations in
            if let grant = generations.young[text] { return grant }
            guard let grant = generations.old.removeValue(forKey: text) else { return nil }
            keep(grant, for: text, in: &generations)
            return grant
        }
    }

    func insert(_ grant: Grant, for text: Digest) {
        generations.withLock { keep(grant, for: text, in: &$0) }
    }

    /// What to say when something that was judged from now on is inserted.
    var epoch: UInt64 { generations.withLock { $0.epoch } }

    /// Keeps what was judged since then, unless all has been forgotten meanwhile.
    func insert(_ grant: Grant, for text: Digest, judgedIn epoch: UInt64) {
        generations.withLock { if $0.epoch == epoch { keep(grant, for: text, in: &$0) } }
    }

    /// Forgets all.
    func forget() { generations.withLock { $0 = Generations(epoch: $0.epoch + 1) } }

    private func keep(_ grant: Grant, for text: Digest, in generations: inout Generations) {
        if generations.young.count >= half {
            generations.old = generations.young
            generations.young = [:]
        }
        generations.young[text] = grant
    }
}
