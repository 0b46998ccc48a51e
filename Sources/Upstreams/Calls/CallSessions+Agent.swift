import Governance
import MCPWire
import NIOCore

/// What agents' own sessions are used for besides calls.
extension CallSessions {
    /// How long an upstream may take to answer what matters to no call.
    private static let patience = TimeAmount.seconds(5)

    /// Sees to it that what the upstream says in the agent's own session outside of its answers is heard, and that it logs what the agent
    /// wants to see.
    func listen(in session: any UpstreamSession, for caller: Caller, on lane: Lane, before deadline: NIODeadline) async {
        guard isDedicated(session.terms) else { return }
        await ears.ensure(in: session, of: caller.session, as: caller.profile, on: lane, before: deadline)
        guard let level = caller.logLevel, session.terms.capabilities.contains(.logging),
            ears.adopts(level, in: session, of: caller.session)
        else { return }
        _ = try? await session.ask(.setLevel(level), on: lane, before: min(deadline, .now() + Self.patience))
    }

    /// The session that the agent has with the upstream, if any; none is opened.
    func existing(for caller: Caller, terms: SessionTerms?) async -> (any UpstreamSession)? {
        guard isDedicated(terms) else { return nil }
        if let open = open(for: caller.session) { return open }
        guard let kept = try? await directory.find(document.name, for: caller.session, of: tenant) else { return nil }
        return transport.resume(kept, as: caller.profile)
    }

    /// Has the upstream tell the agent of changes of a resource, or not any more; the answer of the upstream where it gives one. An agent
    /// with a session watches in its own session with the upstream, if it has one; for all others one session of this node's does.
    func watch(
        _ uri: String, _ isWanted: Bool, for caller: Caller, terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> Answer? {
        guard terms?.capabilities.contains(.subscriptions) == true else {
            throw .notDispatched(reason: "does not tell of changes of resources")
        }
        guard isDedicated(terms), !caller.isStateless else {
            guard isWanted else {
                watches.remove(uri, for: caller.session)
                return nil
            }
            let limit = min(deadline, .now() + Self.patience)
            if await watches.add(uri, for: caller.session, terms: terms, on: lane, before: limit) { return nil }
            throw .notDispatched(reason: "does not tell of changes of this resource")
        }
        let slot = slot(for: caller.session, terms: terms)
        for _ in 0..<2 {
            let session = try await self.session(in: slot, for: caller, terms: terms, on: lane, before: deadline)
            if isWanted { await listen(in: session, for: caller, on: lane, before: deadline) }
            if let answer = try await session.ask(.watch(uri, isWanted), on: lane, before: deadline) { return answer }
            slot.drop(session)
        }
        throw .notDispatched(reason: "the session was refused")
    }

    /// A session was opened in the place of one that the upstream forgot: it is told anew of which resources the agent wants to know.
    func watchAgain(in session: any UpstreamSession, for caller: Caller, on lane: Lane) {
        _ = tasks.start(on: lane) { [self] in
            guard let watched = try? await directory.watched(by: caller.session, of: tenant)[document.name] else { return }
            await listen(in: session, for: caller, on: lane, before: .now() + Self.patience)
            for uri in watched.keys {
                _ = try? await session.ask(.watch(uri, true), on: lane, before: .now() + Self.patience)
            }
        }
    }
}
