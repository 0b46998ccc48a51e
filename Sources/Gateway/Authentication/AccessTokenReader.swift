import Governance
import Macaroons

/// Takes access tokens, and remembers the grants of those that it has seen.
struct AccessTokenReader: Sendable {
    let tokens: any AccessTokens
    private let cache: GrantCache

    /// The longest token that is looked at, in bytes.
    private static let longest = 16 * 1024

    init(_ tokens: any AccessTokens, cacheCapacity: Int) {
        self.tokens = tokens
        cache = GrantCache(capacity: cacheCapacity)
    }

    /// Whether the text has the three parts of a JWT in its compact form (RFC 7515 §7.1), which no macaroon has.
    static func reads(_ token: some StringProtocol) -> Bool { token.utf8.count(where: { $0 == UInt8(ascii: ".") }) == 2 }

    /// The grant of the token; `now` in unix milliseconds.
    func identify(_ token: String, now: Int64) async throws(AuthenticationError) -> Grant {
        guard token.utf8.count <= Self.longest, let digest = SHA256.digest(of: Array(token.utf8)) else { throw .malformed }
        if let known = cache.grant(for: digest) { return try Authenticator.valid(known, at: now) }
        let epoch = cache.epoch
        let grant = try Authenticator.valid(try await tokens.grant(of: token, now: now), at: now)
        cache.insert(grant, for: digest, judgedIn: epoch)
        return grant
    }

    /// An issuer does not sign with some key any more: all tokens are judged anew.
    func forget() { cache.forget() }
}
