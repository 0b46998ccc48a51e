import MCPWire
import NIOCore
import Synchronization

/// A session whose answers all come on one stream: that of a process, or that of HTTP+SSE. It ends with the stream, which it holds until it
/// is closed, or let go and its last call has ended.
final class StreamSession: UpstreamSession {
    /// What was agreed at the beginning of a stream.
    struct Agreement: Sendable {
        let terms: SessionTerms
        let introduction: Introduction
        let wording: Wording
    }

    let terms: SessionTerms
    let introduction: Introduction?
    private let isClosed = Atomic(false)
    private let stream: SharedStream
    private let carrier: any Carrier
    private let wording: Wording

    init(_ agreement: Agreement, stream: SharedStream, carrier: any Carrier) {
        terms = agreement.terms
        introduction = agreement.introduction
        wording = agreement.wording
        self.stream = stream
        self.carrier = carrier
    }

    deinit { close() }

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
        return UpstreamExchange(
            mailbox, id: id, call: request.call, backchannel: StreamBackchannel(session: self),
            profile: wording.era == .modern ? request.profile : nil, era: wording.era)
    }

    func listen(on lane: Lane, _ heard: @escaping @Sendable (Notice) -> Void) async throws(UpstreamFailure) -> Listening {
        let id = stream.newID()
        guard let mailbox = stream.mailbox(id, isListener: true, on: lane.eventLoop, before: .distantFuture) else { return .ended }
        guard let request = wording.subscription(id, to: terms.capabilities) else {
            heard(.connected)
            while let message = try? await mailbox.next() {
                if let notice = Notice(message) { heard(notice) }
            }
            return .ended
        }
        guard try await carrier.send(request, isCall: false, on: lane, before: .now() + Ear.opening) else { return .ended }
        return await listen(in: mailbox, id: id, heard)
    }

    func hear(
        on lane: Lane, after place: StreamPlace?, _ heard: @escaping @Sendable (Message?) -> Void
    ) async throws(UpstreamFailure) -> HearingEnd {
        guard wording.era == .legacy, stream.overhear({ heard($0) }),
            let end = stream.mailbox(stream.newID(), isListener: true, on: lane.eventLoop, before: .distantFuture)
        else { return .unsupported }
        heard(nil)
        while (try? await end.next()) != nil {}
        return .unsupported
    }

    func post(_ message: [UInt8], on lane: Lane) { post(message) }

    func close(on lane: Lane) { close() }

    private func close() {
        if !isClosed.exchange(true, ordering: .relaxed) { carrier.close() }
    }

    /// Tells that nobody waits for the request any more.
    fileprivate func cancel(_ id: Int) { carrier.post(wording.cancelled(id)) }

    /// Sends a message without waiting.
    fileprivate func post(_ message: [UInt8]) { carrier.post(message) }

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
            if let notice = Notice(message) {
                heard(notice)
            } else if message.acknowledgesChanges {
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
    let session: StreamSession

    func cancel(_ id: Int) { session.cancel(id) }

    func post(_ message: [UInt8]) { session.post(message) }

    /// The stream has replied already: what it brings is not tied to one call.
    func answer(_ request: Message) {}
}
