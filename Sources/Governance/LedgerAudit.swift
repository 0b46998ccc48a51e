/// Replays a tenant's ledger and compares what comes out with the accounts.
package protocol LedgerAudit: Sendable {
    /// Audits the accounts; each difference is told as it is found, and stands in the report too. `isExact`: these and no others, and each
    /// must exist; else they are all that were found, and others that have entries are audited as well.
    func audit(
        _ accounts: [AccountName], of tenant: TenantName, isExact: Bool, told: (AuditDifference) -> Void
    ) async throws(StoreError) -> AuditReport
}
