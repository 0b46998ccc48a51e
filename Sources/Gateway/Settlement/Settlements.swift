package import Governance
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Ends holds: at once where Redis answers, else again and again until 60 s are over, so that no answer of an upstream waits for ever
/// and no hold is forgotten by a node that lives.
package final class Settlements: Service {
    /// How a hold is to end.
    enum Ending: Sendable {
        case settle(Hold, cost: Credits, CallOutcome, report: [UInt8]?)
        case release(Hold, CallOutcome)

        var charge: Charge { hold.charge }

        var call: CallID { charge.call }

        var hold: Hold {
            switch self {
            case .settle(let hold, _, _, _), .release(let hold, _): hold
            }
        }

        /// The same, with nothing to be kept for retries.
        var unreported: Ending {
            if case .settle(let hold, let cost, let outcome, _) = self { .settle(hold, cost: cost, outcome, report: nil) } else { self }
        }
    }

    /// What came of ending a hold.
    enum Ended: Equatable {
        case done(Receipt)
        /// It is ended, but too few replicas have that in time.
        case notDurable
        /// Redis could not be reached in time: it goes on in the background.
        case later
    }

    private struct Late: Sendable {
        let ending: Ending
        let until: ContinuousClock.Instant
    }

    private let ledger: any Ledger
    private let holds: OpenHolds
    private let leases: Leases?
    private let logger: Logger
    private let queue: AsyncStream<Late>
    private let feed: AsyncStream<Late>.Continuation
    private let patience = Duration.seconds(60)
    private let drainPatience = Duration.milliseconds(500)
    /// As many endings wait with what they are to record, which may be large; more wait without.
    private let mostReports = 1_000
    private let waiting = Mutex(0)
    private let recorded = Mutex<(@Sendable (RecordName, [NodeID]) -> Void)?>(nil)

    package init(ledger: any Ledger, holds: OpenHolds, leases: Leases? = nil, logger: Logger) {
        self.leases = leases
        self.ledger = ledger
        self.holds = holds
        self.logger = logger
        (queue, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(10_000))
    }

    /// Endings not yet done.
    package var backlog: Int { waiting.withLock { $0 } }

    /// Has `tell` called with the nodes on which retries wait for a call whose record has ended with its hold; on any thread.
    func onRecorded(_ tell: @escaping @Sendable (RecordName, [NodeID]) -> Void) { recorded.withLock { $0 = tell } }

    /// Ends the hold, trying until `deadline`; after it the ending goes on in the background.
    @discardableResult
    func end(_ ending: Ending, by deadline: NIODeadline) async -> Ended {
        while true {
            if let ended = await attempt(ending) {
                holds.remove(ending.hold)
                return ended
            }
            guard .now() + .milliseconds(100) < deadline else { break }
            try? await Task.sleep(for: .milliseconds(Int64.random(in: 20...100)))
        }
        later(ending)
        return .later
    }

    /// Ends the hold in the background.
    func later(_ ending: Ending) {
        let count = waiting.withLock { waiting in
            waiting += 1
            return waiting
        }
        feed.yield(Late(ending: count > mostReports ? ending.unreported : ending, until: .now + patience))
    }

    /// Works off what Redis could not take at once; at a graceful shutdown it tries what is queued a last time.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            let slots = AsyncSlots(64)
            for await late in queue.cancelOnGracefulShutdown() {
                await slots.take()
                group.addTask {
                    await self.finish(late)
                    slots.giveBack()
                }
            }
        }
    }

    private func finish(_ late: Late) async {
        defer { waiting.withLock { $0 -= 1 } }
        var until = late.until
        while ContinuousClock.now < until, !Task.isCancelled {
            if await attempt(late.ending) != nil { return holds.remove(late.ending.hold) }
            try? await Task.sleep(for: .milliseconds(Int64.random(in: 100...400)))
            if Task.isShuttingDownGracefully { until = min(until, .now + drainPatience) }
        }
        holds.remove(late.ending.hold)
        leases?.ended(late.ending.hold, nil)
        logger.error("a hold was not ended in time and will lapse", metadata: ["call": "\(late.ending.call)"])
    }

    /// Nil when Redis is out of reach.
    private func attempt(_ ending: Ending) async -> Ended? {
        do throws(StoreError) {
            let receipt = try await receipt(of: ending)
            leases?.ended(ending.hold, receipt)
            if receipt.state == .lateSettled { HoldMetrics.settledLate() }
            if !receipt.waiters.isEmpty, let record = ending.charge.record { recorded.withLock { $0 }?(record.name, receipt.waiters) }
            return .done(receipt)
        } catch {
            switch error {
            case .unavailable:
                // What cannot be charged now is not to become more.
                if ending.hold.slice != nil { leases?.recall(ending.charge.tenant) }
                return nil
            case .notDurable: return .notDurable
            case .corrupt(let reason):
                leases?.ended(ending.hold, nil)
                logger.error("the ledger refused to end a hold", metadata: ["call": "\(ending.call)", "reason": "\(reason)"])
                return .done(Receipt(state: .unknown, charged: .zero, remaining: nil))
            }
        }
    }

    private func receipt(of ending: Ending) async throws(StoreError) -> Receipt {
        if let leases, ending.hold.slice != nil {
            let part: SliceEnding =
                switch ending {
                case .settle(let hold, let cost, let outcome, _): .call(hold, cost: cost, outcome)
                case .release(let hold, let outcome): .call(hold, cost: .zero, outcome)
                }
            return try await leases.batches.settle(part, of: ending.charge.tenant)
        }
        return switch ending {
        case .settle(let hold, let cost, let outcome, let report):
            try await ledger.settle(hold, cost: cost, outcome: outcome, report: report)
        case .release(let hold, let outcome): try await ledger.release(hold, outcome: outcome)
        }
    }
}
