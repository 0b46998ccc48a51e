import Gateway
import Governance
import Synchronization

/// What a simulated node hears: numbers that say what was sent to whom.
final class Ear: NodeBusReceiver {
    private let node: Int
    private let tally: Tally
    private let wanted: Int
    private let subscriptions = Atomic(0)

    /// `subscriptions`: over which it hears.
    init(_ node: Int, subscriptions: Int, _ tally: Tally) {
        self.node = node
        wanted = subscriptions
        self.tally = tally
    }

    var isListening: Bool { subscriptions.load(ordering: .acquiring) >= wanted }

    /// `<number> <node that it is for> <nanoseconds of the clock> …`
    func received(_ message: [UInt8], for session: SessionID) {
        let words = String(decoding: message.prefix(80), as: UTF8.self).split(separator: " ").prefix(3).compactMap { Int64($0) }
        guard words.count == 3 else { return tally.count { $0.astray += 1 } }
        let delay = Double(Moment.now - words[2]) / 1e6
        tally.heard(delivery: Int(words[0]), for: Int(words[1]), at: node, after: delay)
    }

    /// The message's number.
    func cancelled(_ request: [UInt8], in session: SessionID) {
        guard let number = Int(String(decoding: request, as: UTF8.self)) else { return tally.count { $0.astray += 1 } }
        tally.heard(control: number, at: node)
    }

    func reconnected() {
        if subscriptions.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue >= wanted { tally.count { $0.reconnections += 1 } }
    }

    // Nobody sends these here.
    func received(_ message: [UInt8], as sequence: Int64, for session: SessionID, of tenant: TenantName) { stray() }
    func replied(_ message: [UInt8], in session: SessionID) { stray() }
    func received(_ message: RelayMessage) { stray() }
    func streamTaken(_ session: SessionID, fence: Int64) { stray() }
    func answerWentOn(_ session: SessionID, stream: String) { stray() }
    func sessionEnded(_ session: SessionID) { stray() }
    private func stray() { tally.count { $0.astray += 1 } }
}

/// The monotonic clock.
enum Moment {
    private static let start = ContinuousClock.now

    /// Nanoseconds since the first look.
    static var now: Int64 {
        let passed = (ContinuousClock.now - start).components
        return passed.seconds * 1_000_000_000 + passed.attoseconds / 1_000_000_000
    }
}
