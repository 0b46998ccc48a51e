/// The books of all tenants. Per account and at every instant: `limit + over = available + held + spent + delegated`.
///
/// Every operation is idempotent by its call id: repeated, it changes nothing more and answers the state it finds.
package protocol Ledger: Sendable {
    /// Opens the tenant's books, the condition for any account to be made on first use. Changes nothing where they are open.
    func openBooks(of tenant: TenantName) async throws(StoreError)
    /// Holds the charge's amount in all its accounts, or in none.
    func reserve(_ charge: Charge) async throws(StoreError) -> Reservation
    /// Lets each hold's lease end `lease` ms from now, and its record, if it has one, stand as long; answers each one's state.
    func extend(_ holds: [OpenHold], of tenant: TenantName, lease: Int64) async throws(StoreError) -> [CallID: HoldState]
    /// Charges `cost` (at most the held amount; more is cut to it) and gives the rest back.
    /// After a lapse it charges min(cost, available) once. With it the call's record ends, in which `report` is kept where there is room;
    /// a call whose record names another by now is given back and costs nothing.
    func settle(_ hold: Hold, cost: Credits, outcome: CallOutcome, report: [UInt8]?) async throws(StoreError) -> Receipt
    /// Gives the whole hold back; where no hold is, leaves a tombstone, so that a delayed reserve of this id changes nothing.
    /// The call's record is free for a retry.
    func release(_ hold: Hold, outcome: CallOutcome) async throws(StoreError) -> Receipt
    /// Gives back whole a hold whose lease has ended; `.open` when it has not.
    func lapse(_ call: CallID, of tenant: TenantName) async throws(StoreError) -> HoldState
    /// Up to `limit` holds whose lease has ended, and whether any hold is open at all.
    func due(of tenant: TenantName, limit: Int) async throws(StoreError) -> DueHolds
    /// The account's books; nil when it does not exist.
    func balance(of account: AccountName, tenant: TenantName) async throws(StoreError) -> Balance?
}

/// A hold that its node extends.
package struct OpenHold: Sendable, Hashable {
    package let call: CallID
    package let record: RecordName?

    package init(call: CallID, record: RecordName? = nil) {
        self.call = call
        self.record = record
    }
}

extension Ledger {
    /// Settles a call of which nothing is to be recorded.
    package func settle(_ hold: Hold, cost: Credits, outcome: CallOutcome) async throws(StoreError) -> Receipt {
        try await settle(hold, cost: cost, outcome: outcome, report: nil)
    }

    /// Extends holds without records.
    package func extend(_ holds: [CallID], of tenant: TenantName, lease: Int64) async throws(StoreError) -> [CallID: HoldState] {
        try await extend(holds.map { OpenHold(call: $0) }, of: tenant, lease: lease)
    }
}
