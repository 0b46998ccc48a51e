import Governance
import NIOCore
import NIOPosix
import Synchronization

/// Ends the calls of slices: those of one tenant that come within one tick of an event loop by one script.
final class SliceBatches: Sendable {
    private typealias Ended = Result<Receipt, StoreError>

    private struct Waiter {
        let ending: SliceEnding
        let continuation: CheckedContinuation<Ended, Never>
    }

    private let slices: any Slices
    private let batches = Mutex<[TenantName: [Waiter]]>([:])

    init(_ slices: any Slices) { self.slices = slices }

    /// Ends one call, or gives a part of a slice back; returns when Redis has done it. The first of a batch runs it for all.
    func settle(_ ending: SliceEnding, of tenant: TenantName) async throws(StoreError) -> Receipt {
        let isFirst = batches.withLock { batches in
            guard batches[tenant] == nil else { return false }
            batches[tenant] = []
            return true
        }
        guard !isFirst else { return try await lead(ending, of: tenant) }
        // Between the look and the wait the batch may have been run: then this is the first of another.
        let ended: Ended = await withCheckedContinuation { continuation in
            let isLate = batches.withLock { batches in
                guard batches[tenant] != nil else { return true }
                batches[tenant]?.append(Waiter(ending: ending, continuation: continuation))
                return false
            }
            if isLate { continuation.resume(returning: .failure(.unavailable(Self.late))) }
        }
        if case .failure(.unavailable(Self.late)) = ended { return try await settle(ending, of: tenant) }
        return try ended.get()
    }

    private static let late = "another batch"

    private func lead(_ ending: SliceEnding, of tenant: TenantName) async throws(StoreError) -> Receipt {
        await endOfTick()
        let followers = batches.withLock { $0.removeValue(forKey: tenant) } ?? []
        do throws(StoreError) {
            let receipts = try await slices.settle([ending] + followers.map(\.ending), of: tenant)
            guard receipts.count == followers.count + 1 else { throw StoreError.corrupt("receipts of a batch") }
            for (follower, receipt) in zip(followers, receipts.dropFirst()) { follower.continuation.resume(returning: .success(receipt)) }
            return receipts[0]
        } catch {
            for follower in followers { follower.continuation.resume(returning: .failure(error)) }
            throw error
        }
    }

    /// What else the loop has to do now may end calls too.
    private func endOfTick() async {
        guard let loop = MultiThreadedEventLoopGroup.currentEventLoop else { return await Task.yield() }
        await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
    }
}
