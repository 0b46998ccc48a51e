package import Governance

/// One call's answer as a stream of events, in a session.
package struct AnswerStream: Sendable, Hashable {
    package let tenant: TenantName
    package let session: SessionID
    /// As in its events' ids.
    package let name: String

    package init(tenant: TenantName, session: SessionID, name: String) {
        self.tenant = tenant
        self.session = session
        self.name = name
    }
}

extension AnswerStream {
    /// Reads without taking the stream up: of a session's own streams the newest is known elsewhere.
    package static let noFence: Int64 = -1
    /// Behind all messages.
    package static let end: Int64 = 1 << 50
}

/// An event of such a stream; the first has sequence 1.
package struct KeptEvent: Sendable, Hashable {
    package let sequence: Int64
    package let data: [UInt8]
    /// Nothing comes after it.
    package let isLast: Bool

    package init(sequence: Int64, data: [UInt8], isLast: Bool) {
        self.sequence = sequence
        self.data = data
        self.isLast = isLast
    }
}

/// Where a stream comes from.
package struct AnswerOrigin: Sendable, Hashable {
    /// The node that makes the call.
    package let node: NodeID
    /// The id of the agent's request as its JSON token is written; an array of those not answered yet where it asked for several.
    package let requests: [UInt8]

    package init(node: NodeID, requests: [UInt8]) {
        self.node = node
        self.requests = requests
    }
}

/// What is kept of a stream behind some event.
package struct OutboxPage: Sendable, Hashable {
    /// Rises each time the stream is taken up: only the newest reader goes on.
    package let fence: Int64
    /// The sequence of the oldest event that is kept, and of the newest there was.
    package let first, last: Int64
    package let origin: AnswerOrigin
    /// The newest is the stream's end.
    package let hasEnded: Bool
    /// In order; a long rest comes in several pages.
    package let events: [(sequence: Int64, data: [UInt8])]

    package init(
        fence: Int64, first: Int64, last: Int64, origin: AnswerOrigin, hasEnded: Bool, events: [(sequence: Int64, data: [UInt8])]
    ) {
        self.fence = fence
        self.first = first
        self.last = last
        self.origin = origin
        self.hasEnded = hasEnded
        self.events = events
    }

    package static func == (left: OutboxPage, right: OutboxPage) -> Bool {
        left.fence == right.fence && left.first == right.first && left.last == right.last && left.origin == right.origin
            && left.hasEnded == right.hasEnded && left.events.elementsEqual(right.events) { $0 == $1 }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(last) }
}

/// Keeps the events of answers that are streams, so that any node can send again what an agent has missed.
package protocol Outbox: Sendable {
    /// Keeps the event; answers how often the stream was taken up since it began, nil where the session is gone.
    /// Of a stream at most 1,000 events and 4 MiB are kept, the newest, no longer than the session lives now.
    func append(_ event: KeptEvent, of stream: AnswerStream, from origin: AnswerOrigin) async throws(StoreError) -> Int64?
    /// What comes behind `sequence`: nil where nothing is kept of the stream. Without a fence the stream is taken up, under a new one.
    func read(_ stream: AnswerStream, after sequence: Int64, fence: Int64?) async throws(StoreError) -> OutboxPage?
    /// Keeps a message for a session's own stream, behind all others; nil where the session is gone. As many are kept as of an answer.
    func post(_ message: [UInt8], to stream: AnswerStream, from node: NodeID) async throws(StoreError) -> PostedMessage?
    /// The node that holds the session's own stream; nil where none does.
    func holder(of session: SessionID, of tenant: TenantName) async throws(StoreError) -> NodeID?
    /// The stream that was taken under this fence has closed.
    func release(_ session: SessionID, of tenant: TenantName, fence: Int64) async throws(StoreError)
}

/// A message that is kept for a session's own stream.
package struct PostedMessage: Sendable, Hashable {
    package let sequence: Int64
    /// The node that held the stream then.
    package let holder: NodeID?

    package init(sequence: Int64, holder: NodeID?) {
        self.sequence = sequence
        self.holder = holder
    }
}
