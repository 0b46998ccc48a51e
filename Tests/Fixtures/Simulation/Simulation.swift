import Foundation
import Gateway
import NIOPosix

/// Plays what many nodes say to each other through one real Redis, or a cluster of them, so that what Redis makes of it can be counted.
///
/// Prints `ready` when all nodes live and hear; on a line of standard input it plays, then prints what was sent and heard as JSON; on the
/// next line it ends.
@main
struct Simulation {
    static func main() async throws {
        guard CommandLine.arguments.count == 2 else {
            FileHandle.standardError.write(Data("usage: simulation PLAN.json\n".utf8))
            exit(2)
        }
        let plan = try JSONDecoder().decode(Plan.self, from: Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])))
        // Each node has one loop, and with it one connection for its commands.
        let groups = (0..<2).map { _ in MultiThreadedEventLoopGroup(numberOfThreads: 1) }
        let tally = Tally()
        _ = Moment.now
        let nodes = try (0..<plan.nodes).map { try SimulatedNode($0, plan, on: groups[$0 % groups.count], tally) }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            try await begin(nodes, plan, tally, in: &tasks)
            say("ready")
            _ = readLine()
            let before = tally.counts
            let traffic = Traffic(plan: plan, nodes: nodes, tally: tally)
            await traffic.run()
            await wait(seconds: plan.patience) { traffic.isComplete }
            // What comes once too often comes late.
            try? await Task.sleep(for: .milliseconds(200))
            say(try report(tally, since: before))
            _ = readLine()
            // Nothing is left to be learnt from how they would stop.
            exit(0)
        }
    }

    /// Starts the nodes, some at a time, and returns when all of them live, hear, and know of each other.
    private static func begin(
        _ nodes: [SimulatedNode], _ plan: Plan, _ tally: Tally, in tasks: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        for start in stride(from: 0, to: nodes.count, by: 50) {
            let some = nodes[start..<min(start + 50, nodes.count)]
            for node in some { tasks.addTask { try await node.run() } }
            guard await wait(seconds: 60, until: { some.allSatisfy(\.isListening) }) else { throw Mistake("nodes do not hear") }
        }
        for node in nodes.prefix(plan.dashboards) {
            tasks.addTask { try await node.watch { tally.count { $0.watchers += 1 } } }
        }
        guard await wait(seconds: 60, until: { tally.counts.watchers >= min(plan.dashboards, nodes.count) }) else {
            throw Mistake("dashboards do not hear")
        }
        guard await wait(seconds: 180, until: { nodes.allSatisfy { $0.live.current.count == nodes.count } }) else {
            throw Mistake("nodes do not know each other")
        }
    }

    @discardableResult
    private static func wait(seconds: Double, until condition: () -> Bool) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !condition() {
            guard ContinuousClock.now < deadline else { return false }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return true
    }

    private static func report(_ tally: Tally, since before: Tally.Counts) throws -> String {
        var counts = tally.counts
        counts.beats -= before.beats
        counts.facts -= before.facts
        counts.reconnections -= before.reconnections
        let report = Report(counts: counts, p50: tally.delay(of: 0.5), p99: tally.delay(of: 0.99), longest: tally.delay(of: 1))
        return String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
    }

    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}

/// What came of it; delays of deliveries in milliseconds.
private struct Report: Encodable {
    let counts: Tally.Counts
    let p50, p99, longest: Double
}
