/// How far a node is with stopping. Times are milliseconds of any clock that only rises.
///
/// It announces that it stops, then takes nothing new and finishes what is under way, then cuts what is left, and is over.
struct Drain: Sendable {
    enum Phase: Int, Sendable, Comparable {
        case serving, announcing, finishing, cutting, over

        static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
    }

    enum Input: Sendable {
        /// The node is to stop.
        case asked
        /// It is to stop soon.
        case hurried
        /// Some time has passed.
        case passed
        /// Nothing is under way any more.
        case idle
    }

    enum Action: Sendable, Hashable {
        /// The node is not ready any more.
        case announce
        /// Nobody is let in any more; streams that go on elsewhere are closed, those that cannot as soon as their calls are answered.
        case finish
        /// What is under way still is ended.
        case cut
        /// What is open still is closed.
        case close
    }

    private let terms: DrainTerms
    private(set) var phase = Phase.serving
    /// When the phase ends by itself; nil where nothing but a wish ends it.
    private(set) var deadline: Int64?
    /// When what is left is cut.
    private var cutting: Int64 = .max

    init(_ terms: DrainTerms) { self.terms = terms }

    /// What to do about it.
    mutating func take(_ input: Input, at now: Int64) -> [Action] {
        switch (input, phase) {
        case (.asked, .serving): return announce(now)
        case (.hurried, .serving): return announce(now) + finish(now, hurried: true)
        case (.hurried, .announcing): return finish(now, hurried: true)
        case (.hurried, .finishing): hurry(now)
        case (.passed, .announcing) where isDue(now): return finish(now, hurried: false)
        case (.passed, .finishing) where isDue(now): return cut(now)
        case (.passed, .cutting) where isDue(now), (.idle, .finishing), (.idle, .cutting): return close()
        case (.asked, _), (.hurried, _), (.passed, _), (.idle, _): break
        }
        return []
    }

    private func isDue(_ now: Int64) -> Bool { deadline.map { now >= $0 } ?? false }

    private mutating func announce(_ now: Int64) -> [Action] {
        cutting = now + max(0, terms.grace - terms.farewell)
        guard terms.announce > 0 else { return [.announce] + finish(now, hurried: false) }
        phase = .announcing
        deadline = min(now + terms.announce, cutting)
        return [.announce]
    }

    private mutating func finish(_ now: Int64, hurried: Bool) -> [Action] {
        phase = .finishing
        deadline = cutting
        if hurried { hurry(now) }
        return [.finish]
    }

    private mutating func hurry(_ now: Int64) {
        cutting = min(cutting, now + DrainTerms.haste)
        deadline = cutting
    }

    private mutating func cut(_ now: Int64) -> [Action] {
        phase = .cutting
        deadline = now + min(DrainTerms.parting, terms.farewell / 2)
        return [.cut]
    }

    private mutating func close() -> [Action] {
        phase = .over
        deadline = nil
        return [.close]
    }
}
