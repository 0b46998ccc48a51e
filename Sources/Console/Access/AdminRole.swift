/// What an operator may do.
package enum AdminRole: String, Sendable, Hashable, CaseIterable {
    /// See everything that is no secret.
    case read
    /// Change things as well.
    case admin

    /// Whether it is enough where `needed` is asked for.
    func covers(_ needed: AdminRole) -> Bool { self == .admin || needed == .read }
}

/// An operator who has shown an admin token.
package struct AdminIdentity: Sendable, Hashable {
    /// For the events of what is changed, as `api:<name>`.
    package let name: String
    package let role: AdminRole

    package init(name: String, role: AdminRole) {
        self.name = name
        self.role = role
    }
}
