package import Governance

/// Access tokens of authorization servers (OAuth 2.1, RFC 9068), which the gateway takes beside its macaroons.
package protocol AccessTokens: Sendable {
    /// What the gateway tells clients of itself.
    var resource: ProtectedResource { get }
    /// What the token entitles to, its expiry not yet compared with any clock; `now` in unix milliseconds.
    func grant(of token: String, now: Int64) async throws(AuthenticationError) -> Grant
    /// The scopes of the grant's issuer with which this would be allowed, by themselves or together with what the token has.
    func scopes(of access: Grant.Access, allowing isAllowed: (Scope) -> Bool) -> [String]
}
