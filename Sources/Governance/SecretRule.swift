/// What a tenant's document may say where a secret belongs: it is kept in Redis, so it may only refer to secrets, and not to the node's own.
package enum SecretRule {
    private static let signs = ["auth", "token", "key", "secret", "cookie", "password"]

    /// True where the name of a header or a variable tells that its value is a secret.
    package static func names(_ name: String) -> Bool {
        let name = name.lowercased()
        return signs.contains { name.contains($0) }
    }

    /// Why the template may not stand in a document; nil where it may. `isSecret`: what it becomes is one.
    package static func flaw(in template: Template, isSecret: Bool) -> String? {
        for case .environment(let name) in template.parts where name.uppercased().hasPrefix("SATGATE_") {
            return "${env:\(name)} is the node's own"
        }
        return isSecret && template.isLiteral ? "would be stored in Redis; use ${env:NAME} or ${file:PATH}" : nil
    }
}
