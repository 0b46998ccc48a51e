package import Events
import Foundation
import Governance
package import Logging
import ServiceLifecycle
import Synchronization

/// The live feed of a node: follows all tenants' events while somebody reads, and hands each reader every event of its filter exactly
/// once, in order for each tenant.
package final class EventFeed: Service, CustomStringConvertible {
    /// What a reader is given.
    package enum Delivery: Sendable {
        case nothing
        /// The first: the cursor from which it starts.
        case greeting(EventCursor)
        case items([FeedItem])
        /// It has fallen out of what is held in memory.
        case tooSlow
    }

    package let description = "feed of events"
    private let history: any EventHistory
    private let broadcast: any EventBroadcast
    private let logger: Logger
    private let state: Mutex<(machine: FeedMachine, callers: [Int: @Sendable () -> Void])>
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    package init(history: any EventHistory, broadcast: any EventBroadcast, limits: FeedLimits = FeedLimits(), logger: Logger) {
        self.history = history
        self.broadcast = broadcast
        self.logger = logger
        state = Mutex((FeedMachine(limits: limits), [:]))
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// A reader comes: without a cursor it starts with what happens from now on. `call` is told, on any thread, that there is something
    /// for it; it then takes until there is nothing.
    package func open(_ filter: EventFilter, after cursor: EventCursor?, call: @escaping @Sendable () -> Void) -> Int {
        defer { ring.yield() }
        return change { state in
            let id = state.machine.open(filter, after: cursor)
            state.callers[id] = call
            return id
        }
    }

    /// What the reader is sent next.
    package func take(_ reader: Int) -> Delivery {
        change { state in
            switch state.machine.take(reader) {
            case .nothing: .nothing
            case .greeting(let cursor): .greeting(cursor)
            case .items(let items): .items(items)
            case .tooSlow: .tooSlow
            }
        }
    }

    /// Whether the reader has fallen out of what is held in memory.
    package func hasLost(_ reader: Int) -> Bool { state.withLock { $0.machine.hasLost(reader) } }

    /// The reader has gone.
    package func close(_ reader: Int) {
        change { state in
            state.machine.close(reader)
            state.callers[reader] = nil
        }
    }

    /// Follows and reads until cancelled.
    package func run() async {
        await cancelWhenGracefulShutdown { [self] in
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await self.keepTime() }
                var listening: Task<Void, Never>?
                for await _ in bell {
                    let isWanted = state.withLock { $0.machine.isWanted }
                    // Not of the group: it ends with the last reader, and the group with the node. It is awaited here and below.
                    if isWanted, listening == nil { listening = Task { await self.listen() } }
                    if !isWanted, let old = listening {
                        old.cancel()
                        await old.value
                        listening = nil
                    }
                    await work()
                }
                listening?.cancel()
                await listening?.value
                tasks.cancelAll()
            }
        }
    }

    /// Changes the machine, then tells readers and the one who reads for them.
    private func change<Result>(_ body: (inout (machine: FeedMachine, callers: [Int: @Sendable () -> Void])) -> Result) -> Result {
        let (result, calls, isBusy) = state.withLock { state in
            let result = body(&state)
            let calls = state.machine.takeCalled().compactMap { state.callers[$0] }
            return (result, calls, state.machine.isBusy)
        }
        for call in calls { call() }
        if isBusy { ring.yield() }
        return result
    }

    private func listen() async {
        while !Task.isCancelled {
            do {
                try await broadcast.listen(
                    onReady: { [self] in
                        let time = Self.stamp(history.now())
                        change { $0.machine.ready(time: time) }
                    },
                    onEvent: { [self] record in change { $0.machine.heard(record) } })
            } catch {
                if !(error is CancellationError) { logger.error("events cannot be heard", metadata: ["error": "\(error)"]) }
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func keepTime() async {
        let clock = ContinuousClock()
        let start = clock.now
        let beat = state.withLock { Duration.milliseconds(min(1_000, $0.machine.limits.poll / 2)) }
        while (try? await Task.sleep(for: beat)) != nil {
            let passed = start.duration(to: clock.now) / .milliseconds(1)
            change { $0.machine.tick(now: Int64(passed)) { Double.random(in: 0...1) } }
            ring.yield()
        }
    }

    /// Reads until there is nothing to read.
    private func work() async {
        while !Task.isCancelled {
            let jobs = state.withLock { $0.machine.takeJobs($0.machine.limits.width) }
            guard !jobs.isEmpty else { return }
            let isGood = await withTaskGroup(of: Bool.self) { tasks in
                for job in jobs { tasks.addTask { await self.perform(job) } }
                return await tasks.reduce(true) { $0 && $1 }
            }
            if !isGood { try? await Task.sleep(for: .milliseconds(300)) }
        }
    }

    /// False where Redis did not do what was asked.
    private func perform(_ job: FeedMachine.Job) async -> Bool {
        do throws(StoreError) {
            let limit = state.withLock { $0.machine.limits.page }
            switch job {
            case .sources(let era):
                let sources = try await history.sources()
                change { $0.machine.listed(sources, era: era) }
            case .baseline(let source, let limit, let era):
                let page = try await history.newest(of: source, before: nil, limit: limit)
                change { $0.machine.located(source, page, limit: limit, era: era) }
            case .timeline(let source, let after, let era):
                let page = try await history.page(of: source, after: after, limit: limit)
                change { $0.machine.read(source, page, era: era) }
            case .errand(let reader, let source, let after):
                let page = try await history.page(of: source, after: after, limit: limit)
                change { $0.machine.read(for: reader, page) }
            }
            return true
        } catch {
            logger.debug("events cannot be read", metadata: ["error": "\(error)"])
            change { $0.machine.failed(job) }
            return false
        }
    }

    /// As events are stamped.
    private static func stamp(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).ISO8601Format(.init(includingFractionalSeconds: true))
    }
}
