package import Governance
import Synchronization

/// The reference model of the ledger: what the scripts must do, said plainly.
package final class InMemoryLedger: Ledger {
    private let clock: ManualClock
    private let sessions: InMemorySessionDirectory
    private let remembered: Int64
    private let tenants = Mutex<[TenantName: LedgerModel]>([:])

    package init(clock: ManualClock, sessions: InMemorySessionDirectory, remembered: Int64 = 600_000) {
        self.clock = clock
        self.sessions = sessions
        self.remembered = remembered
    }

    /// Refuses every later call whose lineage has this token.
    package func revoke(_ token: TokenID, of tenant: TenantName) { change(tenant) { model, _ in model.revoked.insert(token) } }

    package func openBooks(of tenant: TenantName) async throws(StoreError) { change(tenant) { model, _ in model.isOpen = true } }

    package func reserve(_ charge: Charge) async throws(StoreError) -> Reservation {
        change(charge.tenant) { model, now in
            let due = model.due(at: now, limit: 32)
            if let state = model.holds[charge.call]?.state {
                return state == .open ? .granted(hold(charge), excess: nil, due: due) : .refused(.ended(state), due: due)
            }
            if let session = charge.session, !sessions.lives(session, of: charge.tenant) { return .refused(.sessionGone, due: due) }
            if !model.revoked.isDisjoint(with: charge.lineage) { return .refused(.revoked, due: due) }
            if charge.renewsSession, let session = charge.session {
                sessions.renew(session, of: charge.tenant, lifetime: charge.transport.lifetime)
            }
            guard let hold = hold(charge) else { return .granted(nil, excess: nil, due: due) }
            if let refusal = model.reserve(charge, at: now) { return .refused(refusal, due: due) }
            return .granted(hold, excess: nil, due: due)
        }
    }

    package func extend(_ holds: [OpenHold], of tenant: TenantName, lease: Int64) async throws(StoreError) -> [CallID: HoldState] {
        change(tenant) { model, now in
            var states: [CallID: HoldState] = [:]
            for call in holds.map(\.call) {
                states[call] = model.holds[call]?.state ?? .unknown
                if let hold = model.holds[call], hold.state == .open, !hold.isParked { model.holds[call]?.end = now + lease }
            }
            return states
        }
    }

    package func settle(_ hold: Hold, cost: Credits, outcome: CallOutcome, report: [UInt8]?) async throws(StoreError) -> Receipt {
        change(hold.charge.tenant) { model, now in model.settle(hold.charge, cost: cost, forgetAt: now + remembered) }
    }

    package func release(_ hold: Hold, outcome: CallOutcome) async throws(StoreError) -> Receipt {
        change(hold.charge.tenant) { model, now in
            let call = hold.charge.call
            if let found = model.holds[call] {
                guard found.state == .open else { return Receipt(state: found.state, charged: .zero, remaining: nil) }
                model.giveBack(found)
            }
            model.holds[call] = LedgerModel.HoldRecord(state: .released, end: now + remembered)
            return Receipt(state: .released, charged: .zero, remaining: nil)
        }
    }

    package func lapse(_ call: CallID, of tenant: TenantName) async throws(StoreError) -> HoldState {
        change(tenant) { model, now in
            guard var found = model.holds[call] else { return .unknown }
            guard found.state == .open, found.end < now else { return found.state }
            model.giveBack(found)
            found.state = .lapsed
            found.end = now + remembered
            model.holds[call] = found
            return .lapsed
        }
    }

    package func due(of tenant: TenantName, limit: Int) async throws(StoreError) -> DueHolds {
        change(tenant) { model, now in
            DueHolds(calls: model.due(at: now, limit: limit), anyOpen: model.holds.values.contains { $0.state == .open })
        }
    }

    package func balance(of account: AccountName, tenant: TenantName) async throws(StoreError) -> Balance? {
        change(tenant) { model, _ in model.accounts[account]?.balance }
    }

    private func hold(_ charge: Charge) -> Hold? {
        charge.accounts.isEmpty || charge.amount == .zero ? nil : Hold(charge: charge)
    }

    @discardableResult
    fileprivate func change<Answer: Sendable>(_ tenant: TenantName, _ body: (inout LedgerModel, Int64) -> Answer) -> Answer {
        let now = clock.now
        return tenants.withLock { tenants in
            var model = tenants.removeValue(forKey: tenant) ?? LedgerModel()
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
