package import Governance
import Macaroons

/// Turns what an agent presents into what it may do, or refuses. Whether the token is revoked is for the ledger, which is given
/// the grant's lineage.
package struct Authenticator: Sendable {
    let ring: KeyRing
    private let cache: GrantCache

    /// `cacheCapacity`: how many verified tokens are remembered.
    package init(ring: KeyRing, cacheCapacity: Int = 8192) {
        self.ring = ring
        cache = GrantCache(capacity: cacheCapacity)
    }

    /// The grant of the bearer token in an `Authorization` header; `now` in unix milliseconds.
    package func identify(authorization header: String?, now: Int64) throws(AuthenticationError) -> Grant {
        guard var header else { throw .missing }
        let presented = header.withUTF8 { bytes -> (start: Int, digest: Digest?)? in
            guard let start = Self.tokenStart(in: bytes) else { return nil }
            return (start, Self.digest(UnsafeBufferPointer(rebasing: bytes[start...])))
        }
        guard let presented else { throw .missing }
        if let digest = presented.digest, let known = cache.grant(for: digest) { return try Self.valid(known, at: now) }
        let token = String(header.utf8.dropFirst(presented.start)) ?? ""
        return try identify(unknown: token, digest: presented.digest, now: now)
    }

    /// The grant of a token that came without a header.
    package func identify(token: String, now: Int64) throws(AuthenticationError) -> Grant {
        var token = token
        let digest = token.withUTF8 { Self.digest($0) }
        if let digest, let known = cache.grant(for: digest) { return try Self.valid(known, at: now) }
        return try identify(unknown: token, digest: digest, now: now)
    }

    /// The token of an `Authorization` header; nil where it has none.
    static func token(in header: String?) -> Substring? {
        guard var header, let start = header.withUTF8({ tokenStart(in: $0) }) else { return nil }
        return Substring(header.utf8.dropFirst(start))
    }

    private func identify(unknown token: String, digest: Digest?, now: Int64) throws(AuthenticationError) -> Grant {
        guard let macaroon = try? Macaroon(decoding: token) else { throw .malformed }
        guard let proved = ring.verify(macaroon) else { throw .unproved }
        let grant = try Self.valid(Clearing.grant(for: proved.token, under: proved.key), at: now)
        if let digest { cache.insert(grant, for: digest) }
        return grant
    }

    /// Judged at each use, so that nothing remembered outlives its expiry.
    static func valid(_ grant: Grant, at now: Int64) throws(AuthenticationError) -> Grant {
        guard now < grant.expires else { throw .refused(.expired, tenant: grant.tenant, token: grant.token) }
        return grant
    }

    /// Nil for a text too long to be a token, which is not worth hashing.
    private static func digest(_ token: UnsafeBufferPointer<UInt8>) -> Digest? {
        guard token.count <= Macaroon.Limit.token else { return nil }
        return SHA256.digest(of: UnsafeRawBufferPointer(token))
    }

    /// Where the token of `Bearer <token>` begins; the scheme in any case, then spaces.
    private static func tokenStart(in header: UnsafeBufferPointer<UInt8>) -> Int? {
        let scheme: StaticString = "bearer"
        let length = scheme.utf8CodeUnitCount
        guard header.count > length, header[length] == UInt8(ascii: " ") else { return nil }
        for place in 0..<length where header[place] | 0x20 != scheme.utf8Start[place] { return nil }
        var start = length
        while start < header.count, header[start] == UInt8(ascii: " ") { start += 1 }
        return start < header.count ? start : nil
    }
}
