import Foundation
import Synchronization

/// Shows events as a dashboard would see them.
final class DemoFeed: Sendable {
    private struct Envelope: Decodable {
        struct Data: Decodable {
            let tool: String?
            let cost: Decimal?
            let remaining: Decimal?
            let outcome: String?
            let durationMs: Int?
            let client: String?
        }
        let type: String
        let data: Data?
    }

    private let refused = Mutex(false)

    /// Prints one event; what is none (the subscriber's own probe) is passed over.
    func show(_ bytes: [UInt8]) {
        guard let event = try? JSONDecoder().decode(Envelope.self, from: Data(bytes)) else { return }
        if event.type == "budget_exhausted" || event.type == "insufficient_budget" { refused.withLock { $0 = true } }
        let data = event.data
        let facts: [String?] = [
            data?.tool, data?.cost.map { "cost \($0)" }, data?.remaining.map { "remaining \($0)" }, data?.outcome,
            data?.durationMs.map { "\($0) ms" }, data?.client.flatMap { $0.isEmpty ? nil : $0 },
        ]
        say("      event \(padded(event.type, 20)) \(facts.compactMap { $0 }.joined(separator: ", "))")
    }

    /// Waits until the refusal's event has come, at most 2 s.
    func waitForRefusal() async {
        let deadline = ContinuousClock.now + .seconds(2)
        while !refused.withLock({ $0 }), ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(10)) }
    }
}
