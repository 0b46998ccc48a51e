import Governance
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing

@testable import Gateway

@Suite("What event loops count")
struct ActivityUpkeepTests {
    /// Takes nothing at first, then all.
    private final class SlowLog: ActivityLog {
        let refusals: Mutex<Int>
        let taken = Mutex<[ActivityTally]>([])

        init(refusing count: Int) { refusals = Mutex(count) }

        func add(_ tallies: [TenantName: ActivityTally], of node: NodeID) async -> [TenantName: ActivityTally] {
            let refuses = refusals.withLock { count in
                count -= 1
                return count >= 0
            }
            if refuses { return tallies }
            taken.withLock { $0 += tallies.values }
            return [:]
        }
    }

    private static func count(_ calls: Int, on tasks: LoopTasks, _ agent: Agent) async throws {
        try await tasks.loop.submit {
            for _ in 0..<calls {
                let call = Observation.Call(kind: .timeout, cost: .zero, accounts: [])
                tasks.count { $0.count(call, isRefused: true, isUnenforced: false, in: .milliseconds(1), by: agent) }
            }
            tasks.count { $0.count(nil, isRefused: true, isUnenforced: false, in: .zero, by: agent) }
            tasks.count { $0.count(nil, isRefused: false, isUnenforced: false, in: .zero, by: agent) }
        }.get()
    }

    @Test("is written once, of all loops, and again what could not be written, the last of it at the end")
    func writing() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let tasks = group.makeIterator().map { LoopTasks($0) }
        let tenant = try #require(TenantName("acme"))
        let session = Session(id: SessionID(), tenant: tenant, principal: .of("a"), transport: .streamable)
        let agent = Agent(
            principal: Principal(grant: .of(session), tenant: Tenant(name: tenant, upstreams: [], tariff: Tariff(base: nil))),
            KnownSession(session, profile: nil))
        let log = SlowLog(refusing: 1)
        let upkeep = ActivityUpkeep(node: NodeID(), tasks: tasks, log: log)
        for loop in tasks { try await Self.count(3, on: loop, agent) }
        let services = ServiceGroup(services: [upkeep], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { try await services.run() }
        let deadline = ContinuousClock.now + .seconds(20)
        while log.taken.withLock({ $0.isEmpty }), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        for loop in tasks { try await Self.count(1, on: loop, agent) }
        await services.triggerGracefulShutdown()
        try await running.value
        let taken = log.taken.withLock { $0 }
        #expect(taken.map(\.calls).reduce(0, +) == 8)
        #expect(taken.map(\.errors).reduce(0, +) == 8)
        #expect(taken.map(\.refused).reduce(0, +) == 4, "a call that was made is none that was refused; what was neither is not counted")
        #expect(taken.first?.sessions[session.id]?.calls == 6 && taken.first?.tokens[.of("a")]?.spending.calls == 6)
        try await group.shutdownGracefully()
    }
}
