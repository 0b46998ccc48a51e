import Governance
import NIOCore
import NIOPosix
import Synchronization

/// Ends the calls of slices: those of one tenant that come within one tick of an event loop by one script.
final class SliceBatches: Sendable {
    /// What becomes of one who ends a call.
    private enum Turn {
        /// The batch is this one's to run, when the tick is over.
        case lead(Batch)
        case ended(Receipt)
        case failed(StoreError)
    }

    /// Those of one tick, the leader's first.
    private final class Batch: Sendable {
        private struct State {
            var endings: [SliceEnding] = []
            var followers: [CheckedContinuation<Turn, Never>] = []
        }

        private let state: Mutex<State>

        init(_ first: SliceEnding) { state = Mutex(State(endings: [first])) }

        func add(_ ending: SliceEnding, _ follower: CheckedContinuation<Turn, Never>) {
            state.withLock { state in
                state.endings.append(ending)
                state.followers.append(follower)
            }
        }

        var endings: [SliceEnding] { state.withLock { $0.endings } }

        func end(_ receipts: [Receipt]) {
            for (follower, receipt) in zip(state.withLock { $0.followers }, receipts.dropFirst()) {
                follower.resume(returning: .ended(receipt))
            }
        }

        func fail(_ error: StoreError) {
            for follower in state.withLock({ $0.followers }) { follower.resume(returning: .failed(error)) }
        }
    }

    private let slices: any Slices
    private let batches = Mutex<[TenantName: Batch]>([:])

    init(_ slices: any Slices) { self.slices = slices }

    /// Ends one call, or gives a part of a slice back; returns when Redis has done it. The first of a batch runs it for all.
    func settle(_ ending: SliceEnding, of tenant: TenantName) async throws(StoreError) -> Receipt {
        let turn = await withCheckedContinuation { continuation in
            let batch = batches.withLock { batches -> Batch? in
                if let batch = batches[tenant] {
                    batch.add(ending, continuation)
                    return nil
                }
                let batch = Batch(ending)
                batches[tenant] = batch
                return batch
            }
            if let batch { continuation.resume(returning: .lead(batch)) }
        }
        switch turn {
        case .lead(let batch): return try await run(batch, of: tenant)
        case .ended(let receipt): return receipt
        case .failed(let error): throw error
        }
    }

    @inline(never)  // keeps what one of a batch does out of the frames of all
    private func run(_ batch: Batch, of tenant: TenantName) async throws(StoreError) -> Receipt {
        await endOfTick()
        // Whoever comes from here on is of another batch.
        batches.withLock { $0[tenant] = nil }
        do throws(StoreError) {
            let endings = batch.endings
            let receipts = try await slices.settle(endings, of: tenant)
            guard receipts.count == endings.count else { throw StoreError.corrupt("receipts of a batch") }
            batch.end(receipts)
            return receipts[0]
        } catch {
            batch.fail(error)
            throw error
        }
    }

    /// What else the loop has to do now may end calls too.
    private func endOfTick() async {
        guard let loop = MultiThreadedEventLoopGroup.currentEventLoop else { return await Task.yield() }
        await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
    }
}
