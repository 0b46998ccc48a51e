import Governance
import MCPWire
import NIOCore
import Synchronization

/// One upstream of one tenant as this node knows it.
final class Upstream: Sendable {
    /// Where it stands.
    enum Standing: Sendable, Hashable {
        case starting, up
        case down(reason: String)
    }

    /// What is known of it at one moment.
    struct Knowledge: Sendable {
        var standing = Standing.starting
        var session: (any UpstreamSession)?
        /// As last listed; kept while it is down.
        var tools: [ToolDefinition] = []
        /// True when its tools have left the list because it was down too long.
        var isWithdrawn = false
        var lastListed: NIODeadline?
    }

    let document: UpstreamDocument
    /// Nil where the document's URL or a header cannot be sent.
    let transport: (any UpstreamTransport)?
    /// Rung when a session is opened or an attempt has failed.
    let changed = Bell()
    /// Rung when the upkeep should look after the upstream before its time.
    let wanted = Bell()
    private let knowledge = Mutex(Knowledge())

    init(_ document: UpstreamDocument, by transports: Transports) {
        self.document = document
        transport = transports.transport(to: document)
    }

    /// What is known of it now.
    var known: Knowledge { knowledge.withLock { $0 } }

    /// Changes what is known; answers what was known before.
    @discardableResult
    func learn(_ change: (inout Knowledge) -> Void) -> Knowledge {
        knowledge.withLock { state in
            let before = state
            change(&state)
            return before
        }
    }

    /// Sends a call; a session that the upstream does not know (any more) is replaced once, as the call did not run.
    func forward(
        _ call: ToolCall, tool: ToolDefinition, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> UpstreamExchange {
        guard transport != nil else { throw .notDispatched(reason: "bad URL or header in the tenant's document") }
        for _ in 0..<2 {
            let (session, isDown) = try await session(before: deadline, on: lane)
            do throws(UpstreamFailure) {
                if let exchange = try await session.send(.call(call, tool), on: lane, before: deadline) {
                    if isDown { wanted.ring() }
                    return exchange
                }
            } catch {
                if !isDown, Self.tellsOfTrouble(error) { wanted.ring() }
                throw error
            }
            drop(session)
        }
        throw .notDispatched(reason: "the session was refused")
    }

    /// The session in use, and whether the upstream was last found down; waits while a session is being opened.
    private func session(before deadline: NIODeadline, on lane: Lane) async throws(UpstreamFailure) -> (any UpstreamSession, isDown: Bool) {
        while true {
            let (session, standing) = knowledge.withLock { ($0.session, $0.standing) }
            if let session { return (session, standing != .up) }
            if case .down(let reason) = standing {
                wanted.ring()
                throw .notDispatched(reason: reason)
            }
            let seen = changed.count
            guard known.session == nil, known.standing == standing else { continue }
            await changed.wait(after: seen, until: deadline, on: lane.eventLoop)
            guard deadline > .now() else { throw .notDispatched(reason: HTTPFailure.Reason.queueTimeout.rawValue) }
            guard !Task.isCancelled else { throw .notDispatched(reason: HTTPFailure.Reason.cancelled.rawValue) }
        }
    }

    /// The upstream knows no such session: a new one is opened at once.
    private func drop(_ session: any UpstreamSession) {
        let isCurrent = knowledge.withLock { state in
            guard state.session === session else { return false }
            state.session = nil
            return true
        }
        if isCurrent { wanted.ring() }
    }

    /// The upstream could not be reached: reason enough to look after it now.
    private static func tellsOfTrouble(_ failure: UpstreamFailure) -> Bool {
        guard case .notDispatched(let reason) = failure else { return false }
        return HTTPFailure.Reason(rawValue: reason)?.isOurs != true
    }
}
