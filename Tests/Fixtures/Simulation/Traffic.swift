import Events
import Governance
import Store

/// What the nodes say to each other and to dashboards while it is measured.
struct Traffic: Sendable {
    let plan: Plan
    let nodes: [SimulatedNode]
    let tally: Tally

    /// Sends until the time is over.
    func run() async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await paced(plan.deliveries) { await deliver($0) } }
            tasks.addTask { await paced(plan.controls) { await control($0) } }
            tasks.addTask { await paced(plan.events) { publish($0) } }
        }
    }

    /// All that was sent was heard.
    var isComplete: Bool {
        let counts = tally.counts
        return counts.delivered == counts.deliveries - counts.refused && counts.controlled == counts.controls * nodes.count
            && counts.watched == counts.events * plan.dashboards
    }

    /// Does so many things a second, each of them numbered; those that are late are done at once.
    private func paced(_ rate: Double, _ act: @escaping @Sendable (Int) async -> Void) async {
        let clock = ContinuousClock()
        let begun = clock.now
        let total = Int(rate * plan.seconds)
        var number = 0
        while number < total {
            let passed = begun.duration(to: clock.now) / .seconds(1)
            let due = min(total, Int(passed * rate) + 1)
            await withDiscardingTaskGroup { tasks in
                for each in number..<due { tasks.addTask { await act(each) } }
            }
            number = due
            try? await clock.sleep(until: begun + .seconds(Double(number) / rate))
        }
    }

    private func deliver(_ number: Int) async {
        let (sender, receiver) = (nodes.indices.randomElement() ?? 0, nodes.indices.randomElement() ?? 0)
        let text = "\(number) \(receiver) \(Moment.now) "
        let message = Array(text.utf8) + Array(repeating: UInt8(ascii: "x"), count: max(0, plan.size - text.utf8.count))
        tally.count { $0.deliveries += 1 }
        do {
            let isTaken = try await nodes[sender].bus.deliver(message, to: SessionID(), at: nodes[receiver].id)
            if !isTaken { tally.count { $0.refused += 1 } }
        } catch {
            tally.count { $0.refused += 1 }
            tally.failed(error)
        }
    }

    private func control(_ number: Int) async {
        guard let tenant = tenant(number) else { return }
        tally.count { $0.controls += 1 }
        do {
            try await nodes[number % nodes.count].bus.cancel(Array(String(number).utf8), in: SessionID(), of: tenant)
        } catch { tally.failed(error) }
    }

    private func publish(_ number: Int) {
        let node = nodes[number % nodes.count]
        tally.count { $0.events += 1 }
        node.events.publish(
            Event(
                .sessionKeepalive, tenant: tenant(number), session: SessionID(),
                token: TokenID(String(repeating: "a", count: 64)), node: node.id))
    }

    private func tenant(_ number: Int) -> TenantName? { TenantName("tenant-\(number % plan.tenants)") }
}
