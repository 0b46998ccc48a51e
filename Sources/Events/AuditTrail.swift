package import Governance

/// Where changes are told that no script makes.
package protocol AuditTrail: Sendable {
    /// Numbers, keeps and publishes the event; returns once it is kept.
    func record(_ event: Event) async throws(StoreError)
}
