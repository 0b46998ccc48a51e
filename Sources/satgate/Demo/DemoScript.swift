import Demo
import Foundation
import Governance
import NIOCore
import NIOPosix
import Redis
import ServiceLifecycle
import Store

/// Plays an agent: lists the tools, calls each, and spends its budget until it is refused, while the events are shown as a dashboard sees them.
struct DemoScript: Service {
    let addresses: AsyncStream<SocketAddress>
    /// Of the operators' port.
    let consoles: AsyncStream<SocketAddress>
    let operatorToken: String
    let redis: RedisClient
    let names: KeyNames
    let ledger: RedisLedger
    let tenant: Tenant
    let token: String
    let group: MultiThreadedEventLoopGroup
    /// Ends after the script instead of waiting for Ctrl-C.
    let once: Bool

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await play() }
    }

    private func play() async throws {
        guard let address = await addresses.first(where: { _ in true }), let port = address.port else { return }
        let feed = DemoFeed()
        guard let budget = tenant.defaultBudget else { throw DemoFailure(reason: "no budget") }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            let ready = AsyncStream<Void>.makeStream()
            let events = names.events(of: tenant.name)
            let probe = names.node(NodeID())
            let subscriber = Subscriber(
                client: redis, channels: [events, probe], probeChannel: probe, onReady: { ready.continuation.yield() },
                onMessage: { channel, bytes in if channel == events { feed.show(bytes) } })
            tasks.addTask { try await subscriber.run() }
            _ = await ready.stream.first { _ in true }
            try await spend(budget, port: port)
            await feed.waitForRefusal()
            let console = await consoles.first { _ in true }
            introduce(port: port, console: console?.port ?? 0)
            if !once { try? await gracefulShutdown() }
            tasks.cancelAll()
        }
    }

    private func spend(_ budget: BudgetName, port: Int) async throws {
        var agent = DemoAgent(host: "127.0.0.1", port: port, token: token, group: group)
        try await agent.connect()
        say("\nThe agent connects to http://127.0.0.1:\(port)/mcp and lists its tools:\n")
        for tool in try await agent.tools() { say("    \(padded(tool.name, 12)) costs \(tool.price)") }
        say("\nIt calls each of them, then goes on until its budget of \(tenant.budgets[budget]?.limit ?? .zero) credits is spent:\n")
        for call in DemoPlan.calls {
            guard case .text = try await show(call, budget, &agent) else { return }
        }
        throw DemoFailure(reason: "the budget was not spent")
    }

    /// Makes one call and prints what it brought, what it cost and what is left.
    private func show(_ call: DemoPlan.Call, _ budget: BudgetName, _ agent: inout DemoAgent) async throws -> DemoAgent.Outcome {
        say("  -> \(call.tool) \(call.arguments)")
        let outcome = try await agent.call(call.tool, call.arguments)
        let left = try await ledger.balance(of: .budget(budget), tenant: tenant.name)?.available ?? tenant.budgets[budget]?.limit ?? .zero
        switch outcome {
        case .text(let text):
            let cost = call.tool == "ping" ? Credits.zero : tenant.tariff.price(of: call.tool) ?? Tenant.usualPrice
            say("  <- cost \(cost), left \(left): \(text.replacing("\n", with: "; "))\n")
        case .refused(let code, let message, let reason):
            say("  <- refused, left \(left): \(code) \(reason ?? "") (\(message))\n")
        }
        return outcome
    }

    private func introduce(port: Int, console: Int) {
        let url = "http://127.0.0.1:\(port)/mcp"
        let hello = String(decoding: DemoAgent.hello(id: 1), as: UTF8.self)
        say(
            """

            The node is at \(url). Try it:

              curl -si \(url) -H 'Authorization: Bearer \(token)' \\
                -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\
                -d '\(hello)'

            Add it to Claude Code:

              claude mcp add --transport http satgate \(url) --header "Authorization: Bearer \(token)"

            See it on the dashboard, the MCP Monitor:

              http://127.0.0.1:\(console)/
              admin token: \(operatorToken)

            The refused call is on its first page under "Latest refusals", and among its Events.
            """)
        if !once { say("\nCtrl-C ends it; nothing is left behind.") }
    }
}

/// Prints a line of the demo.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

/// The text filled up with spaces to a width.
func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
