import Events
import Governance
import Logging
import MCPWire
import NIOCore

/// Keeps one upstream connected and its list fresh for the whole cluster, as long as the tenant is in this node's care.
struct Upkeep: Sendable {
    let upstream: Upstream
    let tenant: TenantUpstreams
    let care: Care
    let lane: Lane
    let surroundings: Surroundings

    /// How looking after a session came to its end.
    private enum Ending: Hashable {
        /// The upstream failed, at once or after it had listed its tools.
        case failed(wasUp: Bool)
        /// It knows the session no more.
        case sessionGone
        /// It is not ours to look after any more.
        case over
    }

    /// Attempts, pauses and attempts again; an attempt that a call asks for comes before its time, but not at once after another.
    func run() async {
        var backoff = Backoff(from: timings.shortestPause, to: timings.longestPause)
        var previous: (any UpstreamSession)?
        while goesOn {
            let seen = upstream.wanted.count
            let begun = NIODeadline.now()
            if let session = await open(before: begun + timings.discovery) {
                let ending = await tend(session, since: begun, insteadOf: previous)
                if ending != .failed(wasUp: false) { backoff.reset() }
                previous = session
                if ending == .sessionGone { continue }
            }
            guard goesOn else { return }
            let end = NIODeadline.now() + backoff.next()
            await upstream.wanted.wait(after: seen, until: end, on: lane.eventLoop)
            await rest(until: min(begun + timings.askedPause, end))
        }
    }

    private var goesOn: Bool { !Task.isCancelled && !care.isOver && !upstream.isRetired }
    private var timings: UpstreamTimings { surroundings.timings }

    /// Opens a session; nil when that failed, which is recorded.
    private func open(before deadline: NIODeadline) async -> (any UpstreamSession)? {
        do throws(UpstreamFailure) {
            guard let transport = upstream.transport else { throw .notDispatched(reason: HTTPFailure.Reason.badURL.rawValue) }
            return try await transport.open(
                as: nil, remembering: tenant.record(upstream.name)?.terms, on: lane, before: deadline)
        } catch {
            if goesOn { await failed(error.reason) }
            return nil
        }
    }

    /// Lists what there is, then lists anew at each refresh, when the upstream tells of a change and when a call finds it in trouble, until
    /// that fails. A session that calls share is theirs from then on, any other is closed at the end.
    private func tend(
        _ session: any UpstreamSession, since begun: NIODeadline, insteadOf previous: (any UpstreamSession)?
    ) async -> Ending {
        await withTaskGroup(of: Void.self, returning: Ending.self) { group in
            let hearing = Hearing()
            if !session.terms.capabilities.isDisjoint(with: .announcements) {
                group.addTask(executorPreference: lane.executor) { await listen(in: session, hearing) }
                await hearing.begun.wait(after: 0, until: .now() + timings.headStart, on: lane.eventLoop)
            }
            hearing.expectLists()
            var isShared = false
            defer {
                group.cancelAll()
                if !isShared { session.close(on: lane) }
            }
            // As of before the list: what is told while it is made may not be in it.
            var seen = upstream.wanted.count
            if let ending = await list(in: session, since: begun) { return ending }
            isShared = upstream.calls?.sessions.share(session, insteadOf: previous) ?? false
            while true {
                let listed = NIODeadline.now()
                await upstream.wanted.wait(after: seen, until: listed + timings.refresh, on: lane.eventLoop)
                await rest(until: listed + timings.shortestPause)
                guard goesOn else { return .over }
                seen = upstream.wanted.count
                if let ending = await list(in: session, since: nil) { return ending }
            }
        }
    }

    /// Lists what there is; nil when all is well. The first list of a session, which was begun at `begun`, must come.
    private func list(in session: any UpstreamSession, since begun: NIODeadline?) async -> Ending? {
        do throws(UpstreamFailure) {
            let deadline = (begun ?? .now()) + timings.discovery
            let listing = ListDiscovery(session: session, lane: lane, deadline: deadline, logger: surroundings.logger)
            guard let lists = try await listing.lists() else {
                guard begun != nil else { return .sessionGone }
                throw .broken(reason: "the session was refused")
            }
            await found(lists, in: session, latency: begun.map { (.now() - $0).nanoseconds / 1_000_000 })
            return nil
        } catch {
            guard goesOn else { return .over }
            await failed(error.reason)
            return .failed(wasUp: begun == nil)
        }
    }

    /// Hears what the upstream tells of itself and has it listed anew. What changed between a list and the first moment of a stream was not
    /// told: it is listed once more then, after a while, as there is seldom anything.
    private func listen(in session: any UpstreamSession, _ hearing: Hearing) async {
        var backoff = Backoff(from: timings.shortestPause, to: timings.longestPause)
        let (wanted, loop, catchUp) = (upstream.wanted, lane.eventLoop, timings.catchUp)
        var isFirst = true
        defer { hearing.begun.ring() }
        while goesOn {
            let begun = NIODeadline.now()
            let isAgain = !isFirst
            let ending = try? await session.listen(on: lane) { notice in
                switch notice {
                case .toolsChanged, .promptsChanged, .resourcesChanged: wanted.ring()
                case .connected where isAgain: wanted.ring()
                case .connected:
                    if hearing.isLate { loop.scheduleTask(in: catchUp) { wanted.ring() } }
                    hearing.begun.ring()
                }
            }
            if ending == .unsupported { return }
            // The first sign that a server is gone is that its stream breaks off: whether that is so, a list tells.
            if isFirst || .now() - begun > timings.shortestPause { wanted.ring() }
            isFirst = false
            if .now() - begun > timings.longestPause { backoff.reset() }
            await rest(until: .now() + max(timings.shortestPause, backoff.next()))
        }
    }

    /// Waits whatever is asked.
    private func rest(until deadline: NIODeadline) async {
        let never = Bell()
        await never.wait(after: 0, until: deadline, on: lane.eventLoop)
    }

    private func found(_ lists: UpstreamLists, in session: any UpstreamSession, latency: Int64?) async {
        await record { known, now in
            known.found(
                lists, in: session, document: upstream.fingerprint, latency: latency, by: surroundings.node, at: now)
        }
    }

    private func failed(_ reason: String) async {
        await record { known, now in
            known.failed(
                reason, document: upstream.fingerprint, staleFor: timings.staleFor.nanoseconds / 1_000_000, by: surroundings.node, at: now)
        }
    }

    /// Tells the cluster what was found, if it says anything new; while the store is out of reach it is tried again.
    private func record(_ change: (UpstreamRecord, _ now: Int64) -> UpstreamRecord) async {
        while goesOn {
            let now = surroundings.now()
            let before = tenant.record(upstream.name)
            let blank = UpstreamRecord(
                document: upstream.fingerprint, standing: .down(reason: "not tried yet"), since: now, node: surroundings.node)
            let after = change(before ?? blank, now)
            guard after.says(moreThan: before) else { return }
            let isVisible = tenant.isVisible(after, of: upstream.name)
            do throws(StoreError) {
                let isWritten = try await surroundings.directory.write(
                    after, of: upstream.name, tenant: tenant.name, fence: care.fence, isVisible: isVisible)
                guard isWritten else { return care.end() }
                let tools = tenant.adopt(after, of: upstream.name)
                return Announcement(surroundings, tenant.name, upstream.document).tell(
                    before, after, listed: isVisible ? tools : nil, beside: tenant.records(besides: upstream.name))
            } catch {
                surroundings.logger.warning(
                    "what was found of an upstream is not recorded", metadata: ["upstream": "\(upstream.name)", "error": "\(error)"])
                await rest(until: .now() + .milliseconds(500))
            }
        }
    }
}
