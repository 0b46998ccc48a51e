import Governance
import Logging
import MCPWire
import NIOCore
import Upstreams

/// A call's answer that an agent goes on reading after it lost the connection, at whichever node: what it missed, then what still comes.
struct ResumedAnswer {
    let gateway: Gateway
    let reply: HTTPReply
    let session: Session
    /// Between two looks for more where no news came: they may be lost, and a node that has died sends none.
    private let pause = Duration.milliseconds(1000)
    /// A node not seen for so long is lost; one that began just now is seen by then.
    private let grace = Duration.seconds(3)
    /// A node that lives, but keeps nothing more of the call for so long, is given up.
    private let patience = Duration.seconds(600)

    init(gateway: Gateway, reply: HTTPReply, session: Session) {
        self.gateway = gateway
        self.reply = reply
        self.session = session
    }

    /// Takes the stream up behind the event and stays with it to its end.
    func run(after text: String, until expires: Int64) async throws(Rejection) {
        guard let place = EventID(text) else { throw .unknownEvent }
        let stream = AnswerStream(tenant: session.tenant, session: session.id, name: place.stream)
        let most = gateway.configuration.resumptionsPerSession
        guard let reader = gateway.readers.enter(session.id, stream.name, most: most) else { throw .tooManyStreams(most: most) }
        defer { gateway.readers.leave(reader) }
        let page: OutboxPage?
        do { page = try await gateway.outbox.read(stream, after: place.sequence, fence: nil) } catch { throw .storeUnavailable(nil) }
        guard let page else { throw .unknownEvent }
        let expiry = reply.end(at: expires, now: gateway.now())
        reply.onClose = {
            expiry.cancel()
            reader.bell.ring()
        }
        let (gateway, session) = (gateway, session)
        reply.stream(every: gateway.configuration.keepAlive) {
            gateway.start { await gateway.keepAlive(session) { () throws(StoreError) in try await gateway.sessions.touch(session) } }
        }
        guard reply.isOpen else { return expiry.cancel() }
        if session.primesStreams { reply.prime(place) }
        await follow(stream, place, page, reader.bell)
        if gateway.isLeaving { reply.part() } else { reply.end() }
    }

    private func follow(_ stream: AnswerStream, _ begin: EventID, _ first: OutboxPage, _ bell: Bell) async {
        var (page, place, rung) = (first, begin, 0)
        var (heard, seen) = (ContinuousClock.now, ContinuousClock.now)
        while reply.isOpen, page.fence == first.fence {
            if page.first > place.sequence + 1 { return refuse(.replayExpired, page) }
            place = await send(page, after: place)
            if page.hasEnded, place.sequence >= page.last { return }
            if page.events.isEmpty {
                if gateway.isLeaving { return }
                await bell.wait(after: rung, until: .now() + TimeAmount(pause * Double.random(in: 0.5...1)), on: reply.eventLoop)
            } else {
                heard = .now
            }
            rung = bell.count
            // Looked at before reading: what a node has kept is found after its death.
            if gateway.isAlive(page.origin.node) { seen = .now }
            let isLost = ContinuousClock.now - seen > grace
            guard let next = await read(stream, place, page.fence) else { return }
            page = next
            guard page.events.isEmpty, !page.hasEnded else { continue }
            if isLost { return refuse(.nodeLost, page) }
            if ContinuousClock.now - heard > patience { return refuse(.replayExpired, page) }
        }
    }

    /// Sends the page's events; answers the place behind them.
    private func send(_ page: OutboxPage, after begin: EventID) async -> EventID {
        var place = begin
        for event in page.events {
            place = EventID(stream: begin.stream, sequence: event.sequence)
            // The end of what was cancelled has none.
            if !event.data.isEmpty { reply.event(event.data, name: "message", id: place) }
        }
        await reply.drained(until: .now() + .seconds(30))
        return place
    }

    /// What is kept behind the place, as soon as Redis can tell; nil where nothing is any more, or the agent has left.
    private func read(_ stream: AnswerStream, _ place: EventID, _ fence: Int64) async -> OutboxPage? {
        while reply.isOpen, !gateway.isLeaving {
            do {
                return try await gateway.outbox.read(stream, after: place.sequence, fence: fence)
            } catch {
                gateway.logger.debug("the outbox is out of reach", metadata: ["session": "\(session.id)", "error": "\(error)"])
                try? await Task.sleep(for: pause)
            }
        }
        return nil
    }

    private func refuse(_ fault: Fault, _ page: OutboxPage) {
        for id in RequestID.separated(page.origin.requests) {
            reply.event(fault.answer(to: id, era: .legacy, toolCall: true).body, name: "message")
        }
    }
}
