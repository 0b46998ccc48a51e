import Governance
import MCPWire
import NIOCore

/// Speaks HTTP+SSE, the oldest transport, in whatever revision with a handshake the upstream chooses. Each session has a stream of
/// its own, which `run` reads.
final class EventStreamTransport: UpstreamTransport {
    private let endpoint: Endpoint
    private let version: String
    private let owner = TaskOwner()

    /// `version` is the gateway's own, told to the upstream.
    init(_ endpoint: Endpoint, version: String) {
        self.endpoint = endpoint
        self.version = version
    }

    /// Reads the streams until it is cancelled.
    func run() async { await owner.run() }

    func open(
        as profile: ClientProfile?, remembering terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> any UpstreamSession {
        let carrier = EventStreamCarrier(endpoint, on: lane)
        guard owner.start(on: lane, { await carrier.run(before: deadline) }) else { throw .notDispatched(reason: "shutting down") }
        do throws(UpstreamFailure) {
            try await carrier.opened(before: deadline, on: lane.eventLoop)
            let opening = StreamOpening(stream: carrier.stream, carrier: carrier, transport: .sse, version: version, lane: lane)
            return StreamSession(try await opening.handshake(as: profile, before: deadline), stream: carrier.stream, carrier: carrier)
        } catch {
            carrier.close()
            throw error
        }
    }

    /// The stream is the session: it cannot be gone on with from elsewhere.
    func resume(_ terms: SessionTerms, as profile: ClientProfile?) -> (any UpstreamSession)? { nil }
}
