import Secrets

/// What AUTH is sent; never shown.
package struct RedisCredentials: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    let user: String?
    private let password: SecretBytes

    /// Nil user: Redis' `default`.
    package init(user: String?, password: String) { self.init(user: user, password: SecretBytes(password.utf8)) }

    /// Nil user: Redis' `default`.
    init(user: String?, password: SecretBytes) {
        self.user = user
        self.password = password
    }

    /// The command that proves who we are.
    var command: [RedisArgument] {
        ["AUTH"] + (user.map { [.text($0)] } ?? []) + [.bytes(password.withUnsafeBytes { Array($0) })]
    }

    package var description: String { "[redacted]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
