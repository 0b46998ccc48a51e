import Gateway
import Governance
import Macaroons

/// Reads the root keys from YAML: a list `keys`, each with `id`, `tenant`, and `secret_hex` (64 hex digits) or `secret` (a text of
/// at least 16 characters; the key is its SHA-256, as SatGate's). Instead of `tenant`, `any_tenant: true` makes it a key of all
/// tenants; `satgate_identifiers: true` lets it sign `satgate-capability-v1:…`, which names no key. Errors quote no value.
enum KeysFile {
    private static let known: Set<String> = ["id", "tenant", "any_tenant", "satgate_identifiers", "secret_hex", "secret"]

    /// The ring of the file.
    static func read(_ file: String) throws(ConfigurationError) -> KeyRing { try ring(in: try YAMLNode.read(file)) }

    /// The ring of the document.
    static func ring(in root: YAMLNode) throws(ConfigurationError) -> KeyRing {
        guard let list = try root.mapping(["keys"])["keys"] else { throw root.error("keys: missing") }
        let elements = try list.elements()
        guard !elements.isEmpty else { throw list.error("no key is given") }
        var keys: [KeyRing.Key] = []
        for element in elements { keys.append(try key(element)) }
        do { return try KeyRing(keys) } catch { throw Self.error(error, at: list, elements, keys) }
    }

    private static func key(_ node: YAMLNode) throws(ConfigurationError) -> KeyRing.Key {
        let members = try node.mapping(known)
        guard let id = members["id"] else { throw node.error("id: missing") }
        let tenant = try tenant(members, of: node)
        let satGate = try members["satgate_identifiers"]?.flag() ?? false
        let root = try root(members, of: node)
        return try id.value("[A-Za-z0-9][A-Za-z0-9._-]{0,63}, and not satgate-capability-v1") {
            KeyRing.Key(id: $0, tenant: tenant, acceptsSatGate: satGate, root: root)
        }
    }

    /// Nil only where `any_tenant: true` says so.
    private static func tenant(_ members: [String: YAMLNode], of node: YAMLNode) throws(ConfigurationError) -> TenantName? {
        let any = try members["any_tenant"]?.flag() ?? false
        guard let tenant = members["tenant"] else {
            guard any else { throw node.error("tenant: missing (any_tenant: true makes a key of all tenants)") }
            return nil
        }
        guard !any else { throw tenant.error("cannot stand beside any_tenant: true") }
        return try tenant.value("a tenant's name: [a-z0-9][A-Za-z0-9._-]{0,63}") { TenantName($0) }
    }

    private static func root(_ members: [String: YAMLNode], of node: YAMLNode) throws(ConfigurationError) -> RootKey {
        switch (members["secret_hex"], members["secret"]) {
        case (let hex?, nil):
            return try hex.value("64 hex digits") { Digest(hex: $0.lowercased().utf8).flatMap { try? RootKey(bytes: $0.bytes) } }
        case (nil, let text?):
            return try text.value("a text of at least 16 characters") { $0.count >= 16 ? try? RootKey(secret: $0) : nil }
        case (nil, nil): throw node.error("secret_hex: missing (or secret)")
        case (_?, let text?): throw text.error("cannot stand beside secret_hex")
        }
    }

    private static func error(
        _ flaw: KeyRing.Flaw, at list: YAMLNode, _ elements: [YAMLNode], _ keys: [KeyRing.Key]
    ) -> ConfigurationError {
        func last(_ id: String) -> YAMLNode { zip(elements, keys).reversed().first { $1.id == id }?.0 ?? list }
        return switch flaw {
        case .sameID(let id): last(id).error("id \(id) is given twice")
        case .sameSecret(let one, let other): last(other).error("\(one) and \(other) have the same secret")
        case .tooManySatGateKeys: list.error("satgate_identifiers: true stands at more than \(KeyRing.satGateLimit) keys")
        case .cryptography: list.error("libcrypto failed")
        }
    }
}
