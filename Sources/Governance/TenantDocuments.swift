/// The JSON in which tenants' documents are shown to operators and taken from them.
package protocol TenantDocuments: Sendable {
    /// The tenant that the document states; every rule of a file of tenants holds for it.
    func tenant(in json: [UInt8]) throws(DocumentFlaw) -> Tenant
    /// The document of the tenant, with secrets only as the references that it holds.
    func json(of tenant: Tenant) -> String
}

/// Why a document is refused.
package struct DocumentFlaw: Error, Sendable, Hashable {
    /// The place, as keys joined by points, and what is wrong there; no value is quoted.
    package let reason: String

    package init(reason: String) { self.reason = reason }
}
