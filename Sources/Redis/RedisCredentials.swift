/// What AUTH is sent; never shown.
package struct RedisCredentials: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    let user: String?
    let password: String

    /// Nil user: Redis' `default`.
    package init(user: String?, password: String) {
        self.user = user
        self.password = password
    }

    package var description: String { "[redacted]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
