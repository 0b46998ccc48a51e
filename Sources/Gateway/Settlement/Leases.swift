package import Governance
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Slices of budgets that this node has taken, out of which it reserves calls without asking Redis first.
package final class Leases: Service {
    /// Accounts of a tenant that calls are charged to together.
    private struct Chain: Hashable {
        let tenant: TenantName
        /// By name it is told apart from others.
        let accounts: [ChargedAccount]

        static func == (left: Chain, right: Chain) -> Bool {
            left.tenant == right.tenant && left.accounts.elementsEqual(right.accounts) { $0.name == $1.name }
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(tenant)
            for account in accounts { hasher.combine(account.name) }
        }
    }

    /// What there is of one chain; of the state, and so only for who has its lock.
    private final class Entry {
        let chain: Chain
        var lease = ChainLease()
        /// As the latest call had them.
        var accounts: [ChargedAccount]

        init(_ chain: Chain) {
            self.chain = chain
            accounts = chain.accounts
        }
    }

    private struct State {
        var chains: [Chain: Entry] = [:]
        var chainOfSlice: [CallID: Entry] = [:]
        /// Nothing is taken any more.
        var isOver = false
    }

    /// What is to be done at Redis.
    private enum Job: Sendable {
        case take(SliceOrder, Chain)
        case giveBack(CallID, Chain, [ChargedAccount], Credits)
    }

    let slices: any Slices
    private let holds: OpenHolds
    private let node: NodeID
    /// Milliseconds.
    let lease: Int64
    /// Unix milliseconds by the clock that all nodes share.
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private let state = Mutex(State())
    private let queue: AsyncStream<Job>
    private let feed: AsyncStream<Job>.Continuation
    private let began = NIODeadline.now()
    let batches: SliceBatches
    let metrics = LeaseMetrics()
    let recalls = Mutex(Recalls())

    /// At most this part of what is free is taken at once.
    private static let share: Int64 = 16
    /// Chains that may have slices at once; calls of others go the strict way.
    private static let mostChains = 4_096

    package init(
        slices: any Slices, holds: OpenHolds, node: NodeID, lease: Int64, logger: Logger, now: @escaping @Sendable () -> Int64
    ) {
        self.slices = slices
        self.holds = holds
        self.node = node
        self.lease = lease
        self.logger = logger
        self.now = now
        batches = SliceBatches(slices)
        (queue, feed) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    /// The hold of a call that is reserved here; nil: it goes the strict way.
    func reserve(_ charge: Charge) -> Hold? {
        let slice = state.withLock { state -> CallID? in
            guard !state.isOver, let entry = entry(of: Chain(tenant: charge.tenant, accounts: charge.accounts), &state) else { return nil }
            entry.accounts = charge.accounts
            return act(on: entry, &state) { $0.reserve(charge.amount.micros, at: $1) }
        }
        guard let slice else { return nil }
        metrics.reservedHere()
        return Hold(charge: charge, slice: slice)
    }

    private func entry(of chain: Chain, _ state: inout State) -> Entry? {
        if let known = state.chains[chain] { return known }
        guard state.chains.count < Self.mostChains else { return nil }
        let entry = Entry(chain)
        state.chains[chain] = entry
        return entry
    }

    /// A call of the slice goes on without it.
    func left(_ slice: CallID) {
        state.withLock { state in
            if let entry = state.chainOfSlice[slice] { act(on: entry, &state) { lease, _ in (nil, lease.ended(slice)) } }
        }
    }

    /// Sets the metric that tells what is free in slices.
    func sample() { metrics.has(state.withLock { $0.chains.values.reduce(0) { $0 + $1.lease.free } }) }

    /// A call that was reserved here has ended, as Redis says; nil: that is not known, and will not be.
    func ended(_ hold: Hold, _ receipt: Receipt?) {
        guard let slice = hold.slice else { return }
        state.withLock { state in
            guard let entry = state.chainOfSlice[slice] else { return }
            act(on: entry, &state) { lease, _ in (nil, lease.ended(slice)) }
            // A slice that is not what it was, or a server that does not know it: the others may be no better.
            if receipt?.state != .settled { act(on: entry, &state) { lease, _ in (nil, lease.recall()) } }
        }
    }

    /// Nothing more is reserved from the slices of the tenant, nil: of any, that there are now. Of an account that is named no other is taken for
    /// a while: its credit lacks elsewhere.
    package func recall(_ tenant: TenantName? = nil, _ account: AccountName? = nil) {
        state.withLock { state in
            for entry in Array(state.chains.values) where tenant == nil || entry.chain.tenant == tenant {
                if let account, !entry.accounts.contains(where: { $0.name == account }) { continue }
                act(on: entry, &state) { lease, now in (nil, account == nil ? lease.recall() : lease.lacks(at: now)) }
            }
        }
    }

    /// Takes and gives back until it is stopped, which happens after the last call of a drain has ended; then it gives back all there is.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.watch() }
            let slots = AsyncSlots(64)
            for await job in queue {
                await slots.take()
                group.addTask {
                    await self.perform(job)
                    slots.giveBack()
                }
            }
        }
    }

    private func watch() async {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: .milliseconds(250))) != nil { self.passed() }
        }
        await stop()
    }

    /// Takes nothing more, and has given back what is free.
    func stop() async {
        state.withLock { $0.isOver = true }
        recall()
        // What an order brings now is given back too.
        for _ in 0..<100 where state.withLock({ $0.chains.values.contains { $0.lease.isAsking } }) {
            try? await Task.sleep(for: .milliseconds(20))
        }
        feed.finish()
    }

    private func passed() {
        state.withLock { state in
            for entry in Array(state.chains.values) {
                act(on: entry, &state) { (nil, $0.passed(at: $1)) }
                if entry.lease.isIdle(at: clock) { state.chains[entry.chain] = nil }
            }
        }
    }
}

// MARK: What the machine wants

extension Leases {
    /// Milliseconds of a clock that only rises.
    private var clock: Int64 { (NIODeadline.now() - began).nanoseconds / 1_000_000 }

    @discardableResult
    private func act(
        on entry: Entry, _ state: inout State, _ step: (inout ChainLease, Int64) -> (slice: CallID?, actions: [ChainLease.Action])
    ) -> CallID? {
        let (slice, actions) = step(&entry.lease, clock)
        for action in actions { begin(action, entry.chain, entry.accounts, &state) }
        return slice
    }

    private func begin(_ action: ChainLease.Action, _ chain: Chain, _ accounts: [ChargedAccount], _ state: inout State) {
        switch action {
        case .take(let id, let wanted, let least):
            guard let wanted = Credits(micros: wanted), let least = Credits(micros: least) else { return }
            feed.yield(
                .take(
                    SliceOrder(
                        id: id, tenant: chain.tenant, accounts: accounts, wanted: wanted, least: least, share: Self.share, lease: lease,
                        node: node), chain))
        case .giveBack(let slice, let amount):
            if let amount = Credits(micros: amount) { feed.yield(.giveBack(slice, chain, accounts, amount)) }
        case .forget(let slice):
            state.chainOfSlice[slice] = nil
            holds.remove(slice)
        }
    }

    private func perform(_ job: Job) async {
        switch job {
        case .take(let order, let chain): await take(order, chain)
        case .giveBack(let slice, let chain, let accounts, let amount): await giveBack(slice, chain, accounts, amount)
        }
    }

    private func take(_ order: SliceOrder, _ chain: Chain) async {
        // Counted from before it was sent, and over when a window of its accounts is.
        let windows = order.accounts.compactMap { account in account.window.map { $0.first - now() } }.filter { $0 > 0 }
        let until = clock + min(lease * 2 / 3, windows.min() ?? .max)
        let grant: SliceGrant?
        do throws(StoreError) { grant = try await slices.take(order) } catch {
            logger.debug("no slice taken", metadata: ["tenant": "\(order.tenant)", "error": "\(error)"])
            grant = nil
        }
        metrics.ordered(grant)
        state.withLock { state in
            guard let entry = state.chains[chain] else { return }
            if case .taken = grant {
                state.chainOfSlice[order.id] = entry
                holds.add(order.id, of: chain.tenant)
            }
            act(on: entry, &state) { lease, now in
                switch grant {
                case .taken(let amount): (nil, lease.granted(order.id, amount.micros, until: until, at: now))
                case .near, .refused: (nil, lease.refused(order.id, at: now))
                case nil: (nil, lease.failed(order.id, at: now))
                }
            }
        }
    }

    private func giveBack(_ slice: CallID, _ chain: Chain, _ accounts: [ChargedAccount], _ amount: Credits) async {
        let ending = SliceEnding.rest(of: slice, accounts, amount, id: CallID())
        for _ in 0..<3 {
            if (try? await batches.settle(ending, of: chain.tenant)) != nil { return }
            try? await Task.sleep(for: .milliseconds(Int64.random(in: 50...250)))
        }
        logger.debug("a slice was not given back and will lapse", metadata: ["tenant": "\(chain.tenant)", "slice": "\(slice)"])
    }
}
