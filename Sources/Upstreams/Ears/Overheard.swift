package import Governance
package import MCPWire
import Synchronization

/// What an upstream said to an agent outside of any answer: a notification, or a request that the agent may be asked.
package struct Overheard: Sendable {
    package let tenant: TenantName
    /// The agent's session.
    package let session: SessionID
    package let upstream: UpstreamName
    package let message: Message
    /// Takes the answer to a request, under the id of that request.
    package let respond: @Sendable (_ response: [UInt8]) -> Void
}

/// Whoever on this node acts on what upstreams say outside of any answer.
final class Audience: Sendable {
    /// An upstream that told an agent's session that its lists have changed, which may be all that it tells.
    struct Hint: Sendable {
        let tenant: TenantName
        let upstream: UpstreamName
    }

    let node: NodeID
    /// Whether a node was seen lately.
    let isAlive: @Sendable (NodeID) -> Bool
    /// One that comes faster than they are read loses some, as one look finds all changes.
    let hints: AsyncStream<Hint>
    private let feed: AsyncStream<Hint>.Continuation
    private let listener: Mutex<(@Sendable (Overheard) -> Void)?> = Mutex(nil)

    init(node: NodeID, isAlive: @escaping @Sendable (NodeID) -> Bool) {
        self.node = node
        self.isAlive = isAlive
        (hints, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    /// Takes in what may say that lists of the upstream have changed.
    func hear(_ message: Message, of upstream: UpstreamName, _ tenant: TenantName) {
        if Notice(message) != nil { feed.yield(Hint(tenant: tenant, upstream: upstream)) }
    }

    func set(_ listener: @escaping @Sendable (Overheard) -> Void) { self.listener.withLock { $0 = listener } }

    /// False where nobody passes it on.
    func tell(_ overheard: Overheard) -> Bool {
        guard let listener = listener.withLock({ $0 }) else { return false }
        listener(overheard)
        return true
    }
}
