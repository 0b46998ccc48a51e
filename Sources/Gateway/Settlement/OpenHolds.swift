package import Governance
package import Logging
import ServiceLifecycle
import Synchronization

/// The holds of the calls in flight on this node, whose leases it extends every third of a lease, batched by tenant.
package final class OpenHolds: Service {
    private struct Entry {
        let hold: OpenHold
        let tenant: TenantName
        let opened: ContinuousClock.Instant
    }

    private let ledger: any Ledger
    /// Milliseconds.
    private let lease: Int64
    private let logger: Logger
    private let entries = Mutex<[CallID: Entry]>([:])
    private let batch = 128

    package init(ledger: any Ledger, lease: Int64, logger: Logger) {
        self.ledger = ledger
        self.lease = lease
        self.logger = logger
    }

    /// How many there are.
    var count: Int { entries.withLock { $0.count } }

    /// The hold of a call; one of a slice is extended with that.
    func add(_ hold: Hold) {
        guard hold.slice == nil else { return }
        let charge = hold.charge
        let entry = Entry(hold: OpenHold(call: charge.call, record: charge.record?.name), tenant: charge.tenant, opened: .now)
        entries.withLock { $0[charge.call] = entry }
    }

    /// A slice.
    func add(_ slice: CallID, of tenant: TenantName) {
        let entry = Entry(hold: OpenHold(call: slice), tenant: tenant, opened: .now)
        entries.withLock { $0[slice] = entry }
    }

    /// The call has ended; one of a slice was never here.
    func remove(_ hold: Hold) {
        if hold.slice == nil { remove(hold.charge.call) }
    }

    func remove(_ call: CallID) {
        _ = entries.withLock { $0.removeValue(forKey: call) }
    }

    /// Extends until it is stopped, which happens after the last call of a drain has ended.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            let interval = Duration.milliseconds(max(50, self.lease / 3))
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                for (tenant, calls) in self.due(olderThan: interval) { await self.extend(calls, of: tenant) }
            }
        }
    }

    private func due(olderThan age: Duration) -> [TenantName: [OpenHold]] {
        let now = ContinuousClock.now
        return entries.withLock { entries in
            var due: [TenantName: [OpenHold]] = [:]
            for entry in entries.values where now - entry.opened >= age { due[entry.tenant, default: []].append(entry.hold) }
            return due
        }
    }

    private func extend(_ calls: [OpenHold], of tenant: TenantName) async {
        var rest = calls[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(batch))
            rest = rest.dropFirst(batch)
            do {
                _ = try await ledger.extend(part, of: tenant, lease: lease)
            } catch {
                logger.warning("holds not extended", metadata: ["tenant": "\(tenant)", "holds": "\(part.count)", "error": "\(error)"])
            }
        }
    }
}
