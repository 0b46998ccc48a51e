import Console
import Macaroons

/// Reads the admin tokens from YAML: a list `tokens`, each with `name` (for the events of what its owner changes), `role` (read, or admin)
/// and `token` (a text of at least 24 characters) or `sha256` (its digest, 64 hex digits). Errors quote no value.
enum AdminTokensFile {
    private static let shortest = 24

    /// The tokens of the file.
    static func read(_ file: String) throws(ConfigurationError) -> [AdminCredentials.Entry] { try entries(in: try YAMLNode.read(file)) }

    /// The tokens of the document.
    static func entries(in root: YAMLNode) throws(ConfigurationError) -> [AdminCredentials.Entry] {
        guard let list = try root.mapping(["tokens"])["tokens"] else { throw root.error("tokens: missing") }
        var entries: [AdminCredentials.Entry] = []
        for element in try list.elements() {
            let entry = try entry(element)
            guard !entries.contains(where: { $0.identity.name == entry.identity.name }) else {
                throw element.error("name: \(entry.identity.name) is given twice")
            }
            guard !entries.contains(where: { $0.digest.matches(entry.digest) }) else {
                throw element.error("the same token is given twice")
            }
            entries.append(entry)
        }
        return entries
    }

    private static func entry(_ node: YAMLNode) throws(ConfigurationError) -> AdminCredentials.Entry {
        let members = try node.mapping(["name", "role", "token", "sha256"])
        guard let name = members["name"] else { throw node.error("name: missing") }
        guard let role = members["role"] else { throw node.error("role: missing") }
        let identity = AdminIdentity(
            name: try name.value("[A-Za-z0-9][A-Za-z0-9._-]{0,63}") { text in
                text.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,63}/).map { _ in text }
            },
            role: try role.value("read or admin") { AdminRole(rawValue: $0) })
        return AdminCredentials.Entry(identity: identity, digest: try digest(members, of: node))
    }

    private static func digest(_ members: [String: YAMLNode], of node: YAMLNode) throws(ConfigurationError) -> Digest {
        switch (members["token"], members["sha256"]) {
        case (let token?, nil):
            try token.value("a text of at least \(shortest) characters") {
                $0.count >= shortest ? SHA256.digest(of: Array($0.utf8)) : nil
            }
        case (nil, let digest?): try digest.value("64 hex digits") { Digest(hex: $0.lowercased().utf8) }
        case (nil, nil): throw node.error("token: missing (or sha256)")
        case (_?, let digest?): throw digest.error("cannot stand beside token")
        }
    }
}
