package import Governance
package import MCPWire
package import NIOCore

/// Why an agent is not told of changes of a resource.
package enum WatchFailure: Error, Sendable {
    /// Its session watches as many as it may.
    case full
    case sessionGone
    case storeUnavailable
    case upstream(UpstreamFailure)
}

extension Catalogues {
    /// The most resources that one session of an agent may watch.
    package static let mostWatches = 1_000

    /// Has an upstream tell the agent of changes of a resource, or not any more; answers what the upstream does, nil where all is
    /// well. On one of the group's loops.
    package func watch(
        _ target: Target, _ isWanted: Bool, of tenant: Tenant, for caller: Caller, deadline: NIODeadline
    ) async throws(WatchFailure) -> Answer? {
        // What an agent without a session watches lasts as long as its stream.
        if isWanted, !caller.isStateless { try await note(target, of: tenant, for: caller) }
        do throws(UpstreamFailure) {
            guard let lane, let (upstream, terms) = upstreams(of: tenant).upstream(target.upstream), let calls = upstream.calls else {
                throw .notDispatched(reason: "no such upstream")
            }
            let answer = try await calls.sessions.watch(target.tool, isWanted, for: caller, terms: terms, on: lane, before: deadline)
            if case .error = answer?.kind { await forget(target, of: tenant, for: caller) }
            if !isWanted { await forget(target, of: tenant, for: caller) }
            return answer
        } catch {
            await forget(target, of: tenant, for: caller)
            throw .upstream(error)
        }
    }

    /// The resources that the agent's session watches, by the URIs that agents know.
    package func watched(by session: SessionID, of tenant: Tenant) async -> [String] {
        guard let watched = try? await surroundings.sessions.watched(by: session, of: tenant.name), !watched.isEmpty else { return [] }
        let entries = await catalogue(of: tenant).others
        return watched.flatMap { upstream, uris in uris.keys.map { entries.shownURI($0, of: upstream) } }
    }

    /// Whether the agent's session watches the resource that the upstream knows by that URI; true where nobody can tell.
    package func isWatched(_ uri: String, of upstream: UpstreamName, by session: SessionID, of tenant: TenantName) async -> Bool {
        (try? await surroundings.sessions.isWatched(uri, of: upstream, by: session, of: tenant)) ?? true
    }

    /// Whether this node watches anything for the agent's session that belongs to no upstream session of the agent's own.
    package func watches(for session: SessionID, of tenant: Tenant) -> Bool {
        shared(of: tenant).contains { sessions, _ in !sessions.watches.watched(by: session).isEmpty }
    }

    /// Compares what this node watches for the agent's session with what its agent wants, and which node is to watch that: the rest ends
    /// here. With `takingOver`, what a node watched that is gone is watched here from now on. False
    /// where the agent watches nothing, or nobody can tell.
    @discardableResult
    package func review(_ session: SessionID, of tenant: Tenant, takingOver: Bool) async -> Bool {
        guard let wanted = try? await surroundings.sessions.watched(by: session, of: tenant.name) else { return false }
        for (sessions, terms) in shared(of: tenant) {
            let owners = wanted[sessions.document.name] ?? [:]
            for uri in sessions.watches.watched(by: session) where owners[uri] != surroundings.node {
                sessions.watches.remove(uri, for: session)
            }
            guard takingOver, let lane else { continue }
            for (uri, node) in owners where node != surroundings.node && !surroundings.audience.isAlive(node) {
                let target = Target(upstream: sessions.document.name, tool: uri)
                guard (try? await note(target, of: tenant, for: Caller(session: session))) != nil else { continue }
                sessions.watches.begin(uri, for: session, terms: terms, on: lane)
            }
        }
        return !wanted.isEmpty
    }

    /// The calls to upstreams of the tenant in which agents have no sessions of their own, and what was last agreed with each upstream.
    private func shared(of tenant: Tenant) -> [(CallSessions, SessionTerms?)] {
        upstreams(of: tenant).all.compactMap { upstream, terms in
            guard let sessions = upstream.calls?.sessions, !sessions.isDedicated(terms) else { return nil }
            return (sessions, terms)
        }
    }

    /// Tells upstreams in the agent's own sessions what the agent says to all servers: a notification.
    package func notify(_ message: [UInt8], of tenant: Tenant, for caller: Caller) async {
        guard let lane else { return }
        for (upstream, terms) in upstreams(of: tenant).all {
            await upstream.calls?.sessions.existing(for: caller, terms: terms)?.post(message, on: lane)
        }
    }

    /// The agent wants to see other log messages than before: upstreams that it has sessions with are told at once, others when they are
    /// first used.
    package func levelChanged(of tenant: Tenant, for caller: Caller) async {
        guard let lane else { return }
        for (upstream, terms) in upstreams(of: tenant).all {
            guard let sessions = upstream.calls?.sessions, let session = await sessions.existing(for: caller, terms: terms) else {
                continue
            }
            await sessions.listen(in: session, for: caller, on: lane, before: .now() + .seconds(5))
        }
    }

    private func note(_ target: Target, of tenant: Tenant, for caller: Caller) async throws(WatchFailure) {
        let outcome: Watching
        do {
            outcome = try await surroundings.sessions.watch(
                target.tool, of: target.upstream, for: caller.session, of: tenant.name, by: surroundings.node,
                most: Self.mostWatches)
        } catch {
            throw .storeUnavailable
        }
        switch outcome {
        case .noted: return
        case .full: throw .full
        case .sessionGone: throw .sessionGone
        }
    }

    /// Of an agent without a session nothing is noted.
    private func forget(_ target: Target, of tenant: Tenant, for caller: Caller) async {
        guard !caller.isStateless else { return }
        try? await surroundings.sessions.unwatch(target.tool, of: target.upstream, for: caller.session, of: tenant.name)
    }
}
