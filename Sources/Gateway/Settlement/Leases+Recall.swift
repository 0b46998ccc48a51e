import Governance
import Synchronization

// MARK: Credit that lacks

extension Leases {
    /// When nodes were last asked to give an account's slices back, of those that were lately.
    struct Recalls: Sendable {
        struct Key: Sendable, Hashable {
            let account: AccountName
            let tenant: TenantName
        }

        private var times: [Key: ContinuousClock.Instant] = [:]

        /// Accounts are asked for no more often than so.
        static let pace = Duration.seconds(1)
        /// By then a node that lives and hears has given back.
        static let wait = Duration.milliseconds(60)

        /// When it was asked for, and whether that is now; nil: too long ago to wait for, and too lately to ask again.
        mutating func begin(_ key: Key, at now: ContinuousClock.Instant) -> (asks: Bool, until: ContinuousClock.Instant)? {
            if let time = times[key], now - time < Self.pace {
                return now - time < Self.wait ? (false, time + Self.wait) : nil
            }
            if times.count >= 1_024 { times = times.filter { now - $0.value < Self.pace } }
            times[key] = now
            return (true, now + Self.wait)
        }
    }

    /// Has all nodes give back what they have of an account in which credit lacks; false where they were asked lately, so that another try is
    /// not worthwhile.
    func regain(_ account: AccountName, of tenant: TenantName) async -> Bool {
        let key = Recalls.Key(account: account, tenant: tenant)
        guard let (asks, until) = recalls.withLock({ $0.begin(key, at: .now) }) else { return false }
        if asks {
            recall(tenant, account)
            do throws(StoreError) { try await slices.recall(account, of: tenant) } catch { return false }
        }
        try? await Task.sleep(until: until)
        return true
    }

    /// Makes what the call was reserved of its slice a hold of its own, which waits for its agent at no node; nil: it has ended, as is seen
    /// when it is released.
    func detach(_ hold: Hold) async throws(StoreError) -> Hold? {
        guard let slice = hold.slice else { return hold }
        guard try await slices.detach(hold, lease: lease) == .open else { return nil }
        left(slice)
        return Hold(charge: hold.charge)
    }
}
