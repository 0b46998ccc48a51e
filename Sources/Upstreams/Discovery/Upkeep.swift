import Events
import Governance
import Logging
import MCPWire
import NIOCore

/// Keeps one upstream connected and its list fresh until it is cancelled.
struct Upkeep: Sendable {
    let upstream: Upstream
    let tenant: TenantUpstreams
    let lane: Lane
    let node: NodeID
    let events: any EventSink
    let version: String
    let timings: UpstreamTimings
    let logger: Logger

    /// Attempts, pauses and attempts again; an attempt that a call asks for comes before its time, but not at once after another.
    func run() async {
        var backoff = Backoff(from: timings.shortestPause, to: timings.longestPause)
        while !Task.isCancelled {
            let seen = upstream.wanted.count
            let begun = NIODeadline.now()
            let isUp = await attempt()
            if isUp { backoff.reset() }
            let pause = isUp ? timings.refresh : backoff.next()
            let end = NIODeadline.now() + pause
            await upstream.wanted.wait(after: seen, until: end, on: lane.eventLoop)
            await rest(until: min(begun + (isUp ? timings.shortestPause : timings.askedPause), end))
        }
    }

    /// Waits whatever is asked.
    private func rest(until deadline: NIODeadline) async {
        let never = Bell()
        await never.wait(after: 0, until: deadline, on: lane.eventLoop)
    }

    /// Opens a session where none is in use or the last attempt failed, and lists the tools; answers whether the upstream is up.
    private func attempt() async -> Bool {
        do throws(UpstreamFailure) {
            let deadline = NIODeadline.now() + timings.discovery
            let known = upstream.known
            var session: any UpstreamSession
            if known.standing == .up, let current = known.session { session = current } else { session = try await open(before: deadline) }
            var tools = try await ToolListing(session: session, lane: lane, deadline: deadline).tools()
            if tools == nil {
                session = try await open(before: deadline)
                tools = try await ToolListing(session: session, lane: lane, deadline: deadline).tools()
            }
            guard let tools else { throw .broken(reason: "the session was refused") }
            succeeded(tools, session)
            return true
        } catch {
            if !Task.isCancelled { failed(error.reason) }
            return false
        }
    }

    private func open(before deadline: NIODeadline) async throws(UpstreamFailure) -> any UpstreamSession {
        guard let transport = upstream.transport else { throw .notDispatched(reason: HTTPFailure.Reason.badURL.rawValue) }
        let session = try await transport.open(remembering: upstream.known.session?.terms, on: lane, before: deadline)
        upstream.learn { $0.session = session }
        upstream.changed.ring()
        return session
    }

    private func succeeded(_ tools: [ToolDefinition], _ session: any UpstreamSession) {
        let before = upstream.learn { state in
            state.standing = .up
            state.tools = tools
            state.isWithdrawn = false
            state.lastListed = .now()
        }
        upstream.changed.ring()
        let wasUp = before.standing == .up
        if !wasUp { cameUp(tools, session) }
        if !wasUp || before.tools.map(\.bytes) != tools.map(\.bytes) { refreshCatalogue() }
    }

    private func cameUp(_ tools: [ToolDefinition], _ session: any UpstreamSession) {
        let withheld = tools.count(where: \.requiresTask)
        publish(
            .upstreamUp,
            ["upstream": .text(name), "revision": .text(session.terms.revision), "tools": .integer(Int64(tools.count))])
        logger.info("upstream up", metadata: ["upstream": "\(name)", "tools": "\(tools.count)", "withheld": "\(withheld)"])
    }

    private func failed(_ reason: String) {
        var withdraws = false
        let before = upstream.learn { state in
            state.standing = .down(reason: reason)
            guard let listed = state.lastListed, !state.isWithdrawn, .now() - listed > timings.staleFor else { return }
            state.isWithdrawn = true
            withdraws = true
        }
        upstream.changed.ring()
        let wasDown = if case .down = before.standing { true } else { false }
        if !wasDown {
            publish(.upstreamDown, ["upstream": .text(name), "reason": .text(reason)])
            logger.warning("upstream down", metadata: ["upstream": "\(name)", "reason": "\(reason)"])
        }
        if !wasDown || withdraws { refreshCatalogue() }
    }

    private func refreshCatalogue() {
        guard let tools = tenant.refresh() else { return }
        publish(.toolsChanged, ["upstream": .text(name), "tools": .integer(Int64(tools))])
    }

    private var name: String { upstream.document.name.text }

    private func publish(_ kind: Event.Kind, _ data: Event.Fields) {
        events.publish(Event(kind, tenant: tenant.tenant.name, node: node, data: data))
    }
}
