import Governance

extension TokenID {
    /// The id that repeats one hex digit.
    static func of(_ digit: Character) -> TokenID {
        guard let id = TokenID(String(repeating: digit, count: 64)) else { preconditionFailure("not a hex digit: \(digit)") }
        return id
    }
}

extension Grant {
    /// The grant of the token that opened the session, without limits.
    static func of(_ session: Session) -> Grant {
        Grant(
            tenant: session.tenant, token: session.principal, lineage: [session.principal], expires: .max, scope: Scope(), budget: nil,
            caps: [], label: nil)
    }
}
