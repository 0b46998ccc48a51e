import Governance
import Logging
import NIOCore

/// Keeps this node's picture of one tenant's upstreams true until the tenant is gone or the task cancelled; looks after the upstreams
/// themselves while the tenant is in this node's care.
struct TenantWatch: Sendable {
    let tenant: TenantUpstreams
    let lanes: [Lane]
    /// Where this tenant's own work runs.
    let home: Lane
    let surroundings: Surroundings

    /// What the loop carries along.
    private struct Progress {
        var care: Care?
        /// Until then the care is surely ours.
        var heldUntil = NIODeadline.now()
        /// Upstreams by their serials.
        var started: Set<Int> = []
        var tended: Set<Int> = []
        var nextSweep = NIODeadline.now()
        /// Bells heard so far.
        var heard = -1
    }

    /// Looks, then waits for news or the time to look again.
    func run() async {
        await withDiscardingTaskGroup { group in
            var progress = Progress()
            while !Task.isCancelled, !tenant.isRetired {
                let seen = tenant.news.count
                start(in: &group, &progress)
                await look(&progress, isNews: seen != progress.heard)
                progress.heard = seen
                tend(in: &group, &progress)
                await sweep(&progress)
                await tenant.news.wait(after: seen, until: .now() + pause(progress), on: home.eventLoop)
            }
            progress.care?.end()
            group.cancelAll()
            await leave(progress.care)
        }
    }

    private var timings: UpstreamTimings { surroundings.timings }

    /// The carer renews in time; the others look whether the care is free, the more there are the more rarely each of them.
    private func pause(_ progress: Progress) -> TimeAmount {
        guard progress.care == nil else { return .nanoseconds(timings.care.nanoseconds / 3) }
        return .nanoseconds(Int64.random(in: timings.look(among: surroundings.nodeCount())))
    }

    /// Runs what the transports of upstreams that are new need, until these are finished.
    private func start(in group: inout DiscardingTaskGroup, _ progress: inout Progress) {
        for upstream in tenant.upstreams where progress.started.insert(upstream.serial).inserted {
            guard let transport = upstream.transport else { continue }
            let home = home
            group.addTask(executorPreference: home.executor) {
                await withTaskGroup(of: Void.self) { running in
                    running.addTask(executorPreference: home.executor) {
                        async let ears: Void? = upstream.calls?.sessions.run()
                        await transport.run()
                        _ = await ears
                    }
                    running.addTask(executorPreference: home.executor) {
                        await upstream.finished.wait(after: 0, until: .distantFuture, on: home.eventLoop)
                    }
                    await running.next()
                    running.cancelAll()
                }
            }
        }
    }

    /// Asks for the care and reads what other nodes have found.
    private func look(_ progress: inout Progress, isNews: Bool) async {
        let asked = NIODeadline.now()
        do throws(StoreError) {
            let answer = try await surroundings.directory.care(
                for: tenant.name, by: surroundings.node, lease: timings.care.nanoseconds / 1_000_000)
            if answer.fence != progress.care?.fence || progress.care?.isOver == true { hand(over: answer.fence, &progress) }
            if answer.fence != nil { progress.heldUntil = asked + timings.care }
            guard isNews || answer.version != tenant.version else { return }
            let mark = tenant.mark
            tenant.take(try await surroundings.directory.read(tenant.name, knowing: mark.stamps), since: mark)
            guard let care = progress.care else { return }
            let names = Set(tenant.upstreams.map(\.name))
            guard tenant.mark.stamps.keys.contains(where: { !names.contains($0) }) else { return }
            _ = try await surroundings.directory.keep(only: Array(names), of: tenant.name, fence: care.fence)
        } catch {
            if asked >= progress.heldUntil { hand(over: nil, &progress) }
            surroundings.logger.debug("the catalogue is out of reach", metadata: ["tenant": "\(tenant.name)", "error": "\(error)"])
        }
    }

    /// The care has changed hands.
    private func hand(over fence: Int64?, _ progress: inout Progress) {
        progress.care?.end()
        for upstream in tenant.upstreams { upstream.wanted.ring() }
        progress.care = fence.map { Care(fence: $0) }
        progress.tended = []
    }

    /// Begins to look after the upstreams that nobody here looks after yet.
    private func tend(in group: inout DiscardingTaskGroup, _ progress: inout Progress) {
        guard let care = progress.care else { return }
        for (index, upstream) in tenant.upstreams.enumerated() where progress.tended.insert(upstream.serial).inserted {
            let lane = lanes[index % lanes.count]
            let upkeep = Upkeep(upstream: upstream, tenant: tenant, care: care, lane: lane, surroundings: surroundings)
            group.addTask(executorPreference: lane.executor) { await upkeep.run() }
        }
    }

    /// Lets go of sessions nobody uses, and, as the carer, closes those whose agents are gone.
    private func sweep(_ progress: inout Progress) async {
        guard .now() >= progress.nextSweep else { return }
        progress.nextSweep = .now() + timings.sweep
        for upstream in tenant.upstreams { upstream.calls?.sessions.evict(unusedSince: .now() - timings.sessionIdle, on: home) }
        guard progress.care != nil, let orphans = try? await surroundings.sessions.takeOrphans(of: tenant.name, limit: 64) else { return }
        for orphan in orphans { tenant.upstream(orphan.upstream)?.0.calls?.sessions.close(orphan.terms, on: home) }
    }

    /// Nobody asks here any more: what only this node has is closed, and another may take the care at once.
    private func leave(_ care: Care?) async {
        for upstream in tenant.upstreams {
            if !tenant.isRetired { upstream.calls?.sessions.closeAll(on: home) }
        }
        if care != nil { try? await surroundings.directory.release(tenant.name, by: surroundings.node) }
    }
}
