package import Governance
import Synchronization

/// The reference model of the ledger: what the scripts must do, said plainly.
package final class InMemoryLedger: Ledger {
    private let clock: ManualClock
    private let sessions: InMemorySessionDirectory
    private let limits: LedgerLimits
    private let tenants = Mutex<[TenantName: LedgerModel]>([:])

    package init(clock: ManualClock, sessions: InMemorySessionDirectory, limits: LedgerLimits = LedgerLimits()) {
        self.clock = clock
        self.sessions = sessions
        self.limits = limits
    }

    package func openBooks(of tenant: TenantName) async throws(StoreError) { change(tenant) { model, _ in model.isOpen = true } }

    package func reserve(_ charge: Charge) async throws(StoreError) -> Reservation {
        change(charge.tenant) { model, now in
            let due = model.due(at: now, limit: 32)
            let hold = charge.isHeld ? Hold(charge: charge) : nil
            if let state = model.holds[charge.call]?.state {
                return state == .open ? .granted(hold, excess: nil, due: due) : .refused(.ended(state), due: due)
            }
            if let session = charge.session, !sessions.lives(session, of: charge.tenant) { return .refused(.sessionGone, due: due) }
            if !model.revoked.isDisjoint(with: charge.lineage) { return .refused(.revoked, due: due) }
            if charge.renewsSession, let session = charge.session {
                sessions.renew(session, of: charge.tenant, lifetime: charge.transport.lifetime)
            }
            return switch model.reserve(charge, at: now) {
            case .granted(let excess): .granted(hold, excess: excess, due: due)
            case .recalled(let found): .recalled(found)
            case .refused(let refusal): .refused(refusal, due: refusal == .conflict ? [] : due)
            }
        }
    }

    package func extend(_ holds: [OpenHold], of tenant: TenantName, lease: Int64) async throws(StoreError) -> [CallID: HoldState] {
        change(tenant) { model, now in
            var states: [CallID: HoldState] = [:]
            for open in holds {
                states[open.call] = model.holds[open.call]?.state ?? .unknown
                guard let hold = model.holds[open.call], hold.state == .open, !hold.isParked else { continue }
                model.holds[open.call]?.end = now + lease
                model.prolong(open.record, of: open.call, by: lease, at: now)
            }
            return states
        }
    }

    package func settle(_ hold: Hold, cost: Credits, outcome: CallOutcome, report: [UInt8]?) async throws(StoreError) -> Receipt {
        change(hold.charge.tenant) { model, now in model.settle(hold.charge, cost: cost, report: report, at: now) }
    }

    package func release(_ hold: Hold, outcome: CallOutcome) async throws(StoreError) -> Receipt {
        change(hold.charge.tenant) { model, now in model.release(hold.charge, at: now) }
    }

    package func lapse(_ call: CallID, of tenant: TenantName) async throws(StoreError) -> HoldState {
        change(tenant) { model, now in model.lapse(call, at: now) }
    }

    package func due(of tenant: TenantName, limit: Int) async throws(StoreError) -> DueHolds {
        change(tenant) { model, now in
            DueHolds(calls: model.due(at: now, limit: limit), anyOpen: model.holds.values.contains { $0.state == .open })
        }
    }

    package func balance(of account: AccountName, tenant: TenantName) async throws(StoreError) -> Balance? {
        change(tenant) { model, _ in model.accounts[account]?.balance }
    }

    @discardableResult
    private func change<Answer: Sendable>(_ tenant: TenantName, _ body: (inout LedgerModel, Int64) -> Answer) -> Answer {
        let now = clock.now
        return tenants.withLock { tenants in
            var model = tenants.removeValue(forKey: tenant) ?? LedgerModel(limits: limits)
            model.forget(at: now)
            let answer = body(&model, now)
            tenants[tenant] = model
            return answer
        }
    }
}

extension InMemoryLedger: Rounds {
    package func park(_ round: Round, life: Int64) async throws(StoreError) -> Parking {
        change(round.tenant) { model, now in model.park(round, life: life, at: now) }
    }

    package func take(_ round: Round, by taker: CallID, of lineage: [TokenID], lease: Int64) async throws(StoreError) -> Taking {
        change(round.tenant) { model, now in model.take(round, by: taker, of: lineage, lease: lease, at: now) }
    }
}

extension InMemoryLedger: CallRecords {
    package func recall(_ record: CallRecord, of tenant: TenantName, waiter: NodeID) async throws(StoreError) -> Recollection {
        change(tenant) { model, now in model.recall(record, waiter: waiter, at: now) ?? .nothing }
    }

    @discardableResult
    package func note(_ asked: [UInt8]?, of call: CallID, in record: RecordName, of tenant: TenantName) async throws(StoreError) -> Bool {
        change(tenant) { model, _ in model.note(asked, of: call, in: record) }
    }
}

/// What else happens to a tenant's books, from outside the ledger.
extension InMemoryLedger {
    /// Refuses every later call whose lineage has this token.
    package func revoke(_ token: TokenID, of tenant: TenantName) { change(tenant) { model, _ in model.revoked.insert(token) } }

    /// Forgets an account.
    package func remove(_ account: AccountName, of tenant: TenantName) { change(tenant) { model, _ in model.accounts[account] = nil } }

    /// The account is known to have lost writes.
    package func mark(_ account: AccountName, of tenant: TenantName) {
        change(tenant) { model, _ in model.accounts[account]?.isRolledBack = true }
    }

    /// An operator lets the account go on, under another epoch.
    package func resume(_ account: AccountName, of tenant: TenantName, as epoch: String) {
        change(tenant) { model, _ in
            guard let old = model.accounts[account]?.epoch else { return }
            model.accounts[account]?.previous.insert(old)
            model.accounts[account]?.epoch = epoch
            model.accounts[account]?.isRolledBack = false
        }
    }

    /// The account has another limit.
    package func set(_ limit: Credits, of account: AccountName, of tenant: TenantName) {
        change(tenant) { model, _ in model.accounts[account]?.set(limit: limit.micros) }
    }

    /// The account gave `sum` to delegations, of which `drained` has been spent by such as have ended.
    package func delegate(_ sum: Credits, drained: Credits, from account: AccountName, of tenant: TenantName) {
        change(tenant) { model, _ in
            model.accounts[account]?.delegated = sum.micros
            model.accounts[account]?.drained = drained.micros
        }
    }
}
