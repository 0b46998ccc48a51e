import Logging
import Synchronization

/// From which level on the loggers of a node write. Their labels are `satgate` and, below it, `satgate.redis` and so on; each can be turned
/// while the node runs, for a while or for good. Reading a level takes one load.
final class LogLevels: Sendable {
    /// The level of the loggers of one label.
    final class Threshold: Sendable {
        private let rank: Atomic<Int>

        init(_ level: Logger.Level) { rank = Atomic(level.rank) }

        var level: Logger.Level { Logger.Level(rank: rank.load(ordering: .relaxed)) }

        fileprivate func turn(_ level: Logger.Level) { rank.store(level.rank, ordering: .relaxed) }
    }

    /// How a label stands.
    struct Standing: Sendable, Hashable {
        let logger: String
        let level: Logger.Level
        /// It was turned, itself or one above it, and stays so for these seconds from now; nil: for good.
        let seconds: Int?
    }

    private struct Turn {
        let level: Logger.Level
        let end: ContinuousClock.Instant?
        /// Tells it from a later turn of the same label.
        let number: Int
    }

    private struct State {
        var thresholds: [String: Threshold] = [:]
        var turns: [String: Turn] = [:]
        var count = 0
    }

    /// The label above all others.
    static let root = "satgate"
    private let usual: Logger.Level
    private let state = Mutex(State())
    private let write: @Sendable ([UInt8]) -> Void

    /// `usual`: where nothing was turned. `write` takes the lines.
    init(_ usual: Logger.Level, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.usual = usual
        self.write = write
    }

    /// The logger of a part of the node; nil: that of all else.
    func logger(_ part: String? = nil) -> Logger {
        let label = part.map { "\(Self.root).\($0)" } ?? Self.root
        let threshold = state.withLock { state in
            if let known = state.thresholds[label] { return known }
            let new = Threshold(Self.turn(of: label, in: state)?.level ?? usual)
            state.thresholds[label] = new
            return new
        }
        return Logger(label: label) { [write] in JSONLogHandler(label: $0, threshold: threshold, write: write) }
    }

    /// Whether there are loggers of that label.
    func knows(_ label: String) -> Bool { label == Self.root || state.withLock { $0.thresholds[label] != nil } }

    /// All labels, in order.
    var standings: [Standing] {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.thresholds.map { label, threshold in
                let end = Self.turn(of: label, in: state)?.end
                return Standing(
                    logger: label, level: threshold.level, seconds: end.map { Int(max(1, now.duration(to: $0).components.seconds)) })
            }
        }.sorted { $0.logger < $1.logger }
    }

    /// Turns a label and all below it, until those are turned themselves; back after `seconds`.
    func turn(_ label: String, to level: Logger.Level, for seconds: Int?) {
        let number = state.withLock { state in
            state.count += 1
            // What is turned as a whole is not left in parts as it was.
            for other in state.turns.keys where other.hasPrefix(label + ".") { state.turns[other] = nil }
            state.turns[label] = Turn(level: level, end: seconds.map { .now + .seconds($0) }, number: state.count)
            apply(&state)
            return state.count
        }
        guard let seconds else { return }
        Task { [weak self] in
            try? await Task.sleep(for: .seconds(seconds))
            self?.end(label, number)
        }
    }

    private func end(_ label: String, _ number: Int) {
        state.withLock { state in
            guard state.turns[label]?.number == number else { return }
            state.turns[label] = nil
            apply(&state)
        }
    }

    private func apply(_ state: inout State) {
        for (label, threshold) in state.thresholds { threshold.turn(Self.turn(of: label, in: state)?.level ?? usual) }
    }

    private static func turn(of label: String, in state: State) -> Turn? { state.turns[label] ?? state.turns[root] }
}

extension Logger.Level {
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    fileprivate init(rank: Int) { self = Self.allCases.indices.contains(rank) ? Self.allCases[rank] : .info }
}
