import Governance
import Logging

extension Gateway {
    /// Closes the streams of HTTP+SSE each as soon as all requests of its session are answered, wherever that is done, until none is left
    /// or this is cancelled.
    func partStreamSessions() async {
        while !Task.isCancelled {
            let held = streams.streamSessions
            if held.isEmpty { return }
            let slots = AsyncSlots(32)
            await withDiscardingTaskGroup { group in
                for session in held {
                    await slots.take()
                    group.addTask {
                        await self.part(session.id, of: session.tenant)
                        slots.giveBack()
                    }
                }
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Ends the session, unless a request of it is under way. Its stream is closed by the news of that, behind all that other nodes have
    /// sent for it before.
    private func part(_ id: SessionID, of tenant: TenantName) async {
        guard streamCalls.part(id) else { return }
        defer { streamCalls.stay(id) }
        do throws(StoreError) {
            let nodes = try await sessions.part(id, of: tenant)
            if !nodes.isEmpty {
                if !nodes.contains(where: isAlive) { _ = try await sessions.close(id, of: tenant) }
                return
            }
            for _ in 0..<50 where streams.holds(id) { try? await Task.sleep(for: .milliseconds(20)) }
            // Where the news was lost the stream goes all the same.
            streams.close(id)
        } catch {
            logger.debug("a session was not ended", metadata: ["session": "\(id)", "error": "\(error)"])
        }
    }

    /// Lets a request of an HTTP+SSE session in, under an id of its own; false where the session has ended. `leave` is to be called when it
    /// is answered.
    func enter(_ request: CallID, in session: Session) async throws(StoreError) -> Bool {
        guard session.owner == node else {
            do throws(StoreError) { return try await sessions.begin(request, in: session, at: node) } catch {
                // Whether it was noted is unknown.
                leave(request, in: session)
                throw error
            }
        }
        while !streamCalls.enter(session.id) {
            try? await Task.sleep(for: .milliseconds(20))
            if !streams.holds(session.id) { return false }
        }
        guard !streams.holds(session.id) else { return true }
        streamCalls.leave(session.id)
        return false
    }

    /// The request is answered.
    func leave(_ request: CallID, in session: Session) {
        guard session.owner != node else { return streamCalls.leave(session.id) }
        start {
            // Until then the session's stream does not close where its node stops.
            for _ in 0..<10 {
                if (try? await self.sessions.end(request, in: session, at: self.node)) != nil { return }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
