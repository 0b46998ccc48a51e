import Foundation
import Governance
import Store
import TimeZones

/// Reads a tenant's document from JSON by the rules of a file of tenants, and writes it.
struct TenantDocumentReader: TenantDocuments {
    /// The zones that windows may name.
    let zones: ZoneDatabase

    func tenant(in json: [UInt8]) throws(DocumentFlaw) -> Tenant {
        let value: DocumentValue
        do { value = try JSONDecoder().decode(DocumentValue.self, from: Data(json)) } catch {
            throw DocumentFlaw(reason: "the document is not JSON, or has a null in it")
        }
        guard case .object = value else { throw DocumentFlaw(reason: "the document is not an object") }
        do throws(ConfigurationError) {
            let root = try YAMLNode.parse(TenantYAML.lines(of: value).joined(separator: "\n") + "\n", file: "document")
            return try TenantsFile.tenant(root, zones)
        } catch {
            throw DocumentFlaw(reason: error.reason)
        }
    }

    func json(of tenant: Tenant) -> String { TenantCodec.value(of: tenant).json }
}
