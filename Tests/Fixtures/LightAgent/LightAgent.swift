import Foundation

/// An agent of many connections that wants a definitive answer to every call: it goes on to the next node, under the same idempotency key,
/// until it has one. What became of each call is written to a file; meanwhile it prints how many are over.
@main
struct LightAgent {
    static func main() throws {
        guard CommandLine.arguments.count == 3 else {
            FileHandle.standardError.write(Data("usage: light-agent PLAN.json SAMPLES.tsv\n".utf8))
            exit(2)
        }
        let plan = try JSONDecoder().decode(Plan.self, from: Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])))
        let samples = Samples()
        let barrier = Barrier(plan.connections)
        let total = plan.together ? plan.calls * plan.connections : plan.calls
        for number in 0..<plan.connections {
            let thread = Thread { run(Caller(plan, number: number), plan, samples, barrier) }
            thread.stackSize = 1 << 20
            thread.start()
        }
        while samples.count < total {
            Thread.sleep(forTimeInterval: 0.05)
            print("done \(samples.count)")
            fflush(nil)
        }
        try samples.write(to: CommandLine.arguments[2])
    }

    private static func run(_ caller: Caller, _ plan: Plan, _ samples: Samples, _ barrier: Barrier) {
        caller.open(before: Clock.now + plan.deadline)
        barrier.meet()
        if plan.together {
            for call in 0..<plan.calls {
                samples.add(caller.make(call))
                barrier.meet()
            }
        } else {
            while let call = samples.next(of: plan.calls) {
                samples.add(caller.make(call))
                caller.rest(Double(plan.pause) / 1000)
            }
        }
    }
}
