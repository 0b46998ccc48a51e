import MCPWire
import NIOCore

/// A session with one upstream, whatever transport and protocol era carry it; it may be used from any lane.
protocol UpstreamSession: AnyObject, Sendable {
    /// What was agreed when it was opened.
    var terms: SessionTerms { get }
    /// How the upstream introduced itself; nil where another node opened the session.
    var introduction: Introduction? { get }
    /// Sends a request and returns when its response begins, or, on a stream that is shared, when it is sent. Nil when the upstream knows
    /// no such session or the session is over: the request did not run.
    func send(
        _ request: UpstreamRequest, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> UpstreamExchange?
    /// Passes on what the upstream tells of itself until its stream ends, is cut or the task is cancelled.
    func listen(on lane: Lane, _ heard: @escaping @Sendable (Notice) -> Void) async throws(UpstreamFailure) -> Listening
    /// Hands over what the upstream sends outside of its answers, nil first when the stream for it has begun, until that ends, is cut or the
    /// task is cancelled; a stream that was lost is gone on with behind that place.
    func hear(
        on lane: Lane, after place: StreamPlace?, _ heard: @escaping @Sendable (Message?) -> Void
    ) async throws(UpstreamFailure) -> HearingEnd
    /// Hands over changes of these resources, nil first when the upstream has agreed to tell of them, until the stream ends, is cut or the
    /// task is cancelled; for upstreams without a handshake.
    func watch(
        _ uris: [String], on lane: Lane, _ heard: @escaping @Sendable (Message?) -> Void
    ) async throws(UpstreamFailure) -> HearingEnd
    /// Sends a notification or a response without waiting; from any thread.
    func post(_ message: [UInt8], on lane: Lane)
    /// Ends the session at the upstream without waiting.
    func close(on lane: Lane)
}

/// What an upstream tells of itself outside of any request.
enum Notice: Sendable, Hashable {
    case toolsChanged
    case promptsChanged
    case resourcesChanged
    /// The stream on which it would tell is open.
    case connected
}

extension Notice {
    /// What a notification of the upstream tells; nil where it is no list that has changed.
    init?(_ message: Message) {
        switch message.changedList {
        case .tools: self = .toolsChanged
        case .prompts: self = .promptsChanged
        case .resources: self = .resourcesChanged
        default: return nil
        }
    }
}

extension UpstreamSession {
    func watch(
        _ uris: [String], on lane: Lane, _ heard: @escaping @Sendable (Message?) -> Void
    ) async throws(UpstreamFailure) -> HearingEnd { .unsupported }

    /// The upstream's name and version as it tells them; nil where it does not, or where another node opened the session.
    var server: String? { introduction?.server }

    /// Whether the upstream says that it has such a list.
    func offers(_ listing: Listing) -> Bool { terms.capabilities.contains(listing.capability) }

    /// The answer to a request of the gateway's own; nil when the session is over.
    func ask(_ request: UpstreamRequest, on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) -> Answer? {
        guard let exchange = try await send(request, on: lane, before: deadline) else { return nil }
        while let item = try await exchange.next() {
            if case .answer(let answer) = item { return answer }
        }
        return nil
    }
}

/// How listening came to its end.
enum Listening: Sendable, Hashable {
    /// The upstream offers no stream for it.
    case unsupported
    /// There was a stream, and it has ended.
    case ended
}

/// The way to one upstream.
protocol UpstreamTransport: Sendable {
    /// Opens a new session in the name of the agent described, or with no client capability declared. What was agreed the last time is
    /// tried first.
    func open(
        as profile: ClientProfile?, remembering terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> any UpstreamSession
    /// The session that another node has opened on these terms in the name of the agent described; nil where it cannot be gone on with from
    /// here.
    func resume(_ terms: SessionTerms, as profile: ClientProfile?) -> (any UpstreamSession)?
    /// Keeps running what the transport needs beside its sessions until the task is cancelled; returns at once where that is nothing. Only
    /// while it runs can sessions with processes and over event streams be opened.
    func run() async
}

extension UpstreamTransport {
    func run() async {}
}
