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
        return UpstreamExchange(mailbox, id: id, call: request.call, backchannel: backchannel, era: wording.era)
    }

    func listen(on lane: Lane, _ heard: @escaping @Sendable (Notice) -> Void) async throws(UpstreamFailure) -> Listening {
        let id = stream.newID()
        guard let mailbox = stream.mailbox(id, isListener: true, on: lane.eventLoop, before: .distantFuture) else { return .ended }
        guard let request = wording.subscription(id) else {
            heard(.connected)
            while (try? await mailbox.next()) != nil { heard(.toolsChanged) }
            return .ended
        }
        guard try await carrier.send(request, isCall: false, on: lane, before: .now() + Ear.opening) else { return .ended }
        return await listen(in: mailbox, id: id, heard)
    }

    func close(on lane: Lane) { carrier.close() }

    /// Whether the upstream still answers.
    func isAnswering(on lane: Lane, before deadline: NIODeadline) async -> Bool {
        let id = stream.newID()
        guard let mailbox = stream.mailbox(id, on: lane.eventLoop, before: deadline) else { return false }
        guard (try? await carrier.send(wording.probe(id), isCall: false, on: lane, before: deadline)) == true else { return false }
        return (try? await mailbox.next()) != nil
    }

    /// A subscription begins with what the upstream will tell; all that belongs to it is tagged with its number.
    private func listen(in mailbox: Mailbox, id: Int, _ heard: (Notice) -> Void) async -> Listening {
        var isConnected = false
        while let message = try? await mailbox.next(), message.kind == .notification {
            guard message.subscription == id else { continue }
            if message.method == Method.toolsListChanged {
                heard(.toolsChanged)
            } else if message.acknowledgesTools {
                isConnected = true
                heard(.connected)
            }
        }
        if Task.isCancelled { carrier.post(wording.cancelled(id)) }
        return isConnected || stream.isOver || Task.isCancelled ? .ended : .unsupported
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
