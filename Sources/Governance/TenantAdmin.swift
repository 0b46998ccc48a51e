/// Where tenants' documents are kept for all nodes, as an operator changes them.
package protocol TenantAdmin: Sendable {
    /// Writes the document where it is another than the stored one, and opens the tenant's books.
    ///
    /// `yielding`: a stored document that an operator applied is left as it is. `version`: of the document that is to be replaced; nothing is
    /// written where another is stored.
    func apply(
        _ tenant: Tenant, as source: StoredTenant.Source, yielding: Bool, replacing version: Int64?
    ) async throws(StoreError) -> TenantApplication
    /// Removes the document, not the books; false where there was none, or none of that `source`.
    func delete(_ name: TenantName, of source: StoredTenant.Source?) async throws(StoreError) -> Bool
    /// The stored document; nil where there is none.
    func find(_ name: TenantName) async throws(StoreError) -> StoredTenant?
    /// The names of all tenants, sorted; one whose document is just being deleted may be among them.
    func names() async throws(StoreError) -> [TenantName]
    /// The same, its changes made by that operator.
    func acting(as operator: String) -> any TenantAdmin
}

extension TenantAdmin {
    /// Writes the document whatever version is stored.
    package func apply(
        _ tenant: Tenant, as source: StoredTenant.Source, yielding: Bool
    ) async throws(StoreError) -> TenantApplication {
        try await apply(tenant, as: source, yielding: yielding, replacing: nil)
    }
}

/// A tenant's document as it is stored.
package struct StoredTenant: Sendable, Equatable {
    /// Who wrote it.
    package enum Source: String, Sendable, CaseIterable {
        /// An operator, by the command line or the admin API.
        case apply
        /// A node, from its file of tenants.
        case file
    }

    package let tenant: Tenant
    /// From 1, one more with every change.
    package let version: Int64
    package let source: Source
    /// Unix ms.
    package let updatedAt: Int64

    package init(tenant: Tenant, version: Int64, source: Source, updatedAt: Int64) {
        self.tenant = tenant
        self.version = version
        self.source = source
        self.updatedAt = updatedAt
    }
}

/// What applying a document came to.
package struct TenantApplication: Sendable, Hashable {
    package enum Outcome: String, Sendable {
        case created, updated, unchanged
        /// Another document is stored, and was left as it is.
        case kept
        /// Another version is stored than the one to be replaced, and was left as it is.
        case stale
    }

    package let outcome: Outcome
    /// Of what is stored now.
    package let version: Int64

    package init(_ outcome: Outcome, version: Int64) {
        self.outcome = outcome
        self.version = version
    }
}
