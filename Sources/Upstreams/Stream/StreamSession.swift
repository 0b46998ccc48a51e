import MCPWire
import NIOCore

/// A session whose answers all come on one stream: that of a process, or that of HTTP+SSE. It ends with the stream.
final class StreamSession: UpstreamSession {
    let terms: SessionTerms
    let server: String?
    private let stream: SharedStream
    private let carrier: any Carrier
    private let wording: Wording

    init(_ terms: SessionTerms, server: String?, stream: SharedStream, carrier: any Carrier, wording: Wording) {
        self.terms = terms
        self.server = server
        self.stream = stream
        self.carrier = carrier
        self.wording = wording
    }

    func send(
        _ request: UpstreamRequest, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> UpstreamExchange? {
        let id = stream.newID()
        guard let mailbox = stream.mailbox(id, on: lane.eventLoop, before: deadline) else { return nil }
        let message = wording.message(request, id: id)
        do throws(UpstreamFailure) {
            guard try await carrier.send(message, isCall: request.call != nil, on: lane, before: deadline) else { return nil }
        } catch {
            if error.mayHaveRun { carrier.post(wording.cancelled(id)) }
            throw error
        }
        let backchannel = StreamBackchannel(carrier: carrier, wording: wording)
        return UpstreamExchange(mailbox, id: id, call: request.call, backchannel: backchannel)
    }

    func listen(on lane: Lane, _ heard: @escaping @Sendable (Notice) -> Void) async throws(UpstreamFailure) -> Listening {
        let id = stream.newID()
        guard let mailbox = stream.mailbox(id, isListener: true, on: lane.eventLoop, before: .distantFuture) else { return .ended }
        if let request = wording.subscription(id) {
            guard try await carrier.send(request, isCall: false, on: lane, before: .now() + .seconds(10)) else { return .ended }
        } else {
            heard(.connected)
        }
        while let message = try? await mailbox.next(), message.kind == .notification {
            heard(message.method == Method.toolsListChanged ? .toolsChanged : .connected)
        }
        if Task.isCancelled, wording.subscription(id) != nil { carrier.post(wording.cancelled(id)) }
        return .ended
    }

    func close(on lane: Lane) { carrier.close() }

    /// Whether the upstream still answers.
    func isAnswering(on lane: Lane, before deadline: NIODeadline) async -> Bool {
        let id = stream.newID()
        guard let mailbox = stream.mailbox(id, on: lane.eventLoop, before: deadline) else { return false }
        guard (try? await carrier.send(wording.probe(id), isCall: false, on: lane, before: deadline)) == true else { return false }
        return (try? await mailbox.next()) != nil
    }
}

/// Speaks of a call in progress on a shared stream.
private struct StreamBackchannel: Backchannel {
    let carrier: any Carrier
    let wording: Wording

    func cancel(_ id: Int) { carrier.post(wording.cancelled(id)) }

    /// The stream has replied already: what it brings is not tied to one call.
    func answer(_ request: Message) {}
}
