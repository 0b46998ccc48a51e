package import Macaroons
import Synchronization

/// The admin tokens that are accepted, and the cookies that stand for them in a browser.
///
/// A cookie is `<name>.<unix ms of its end>.<HMAC-SHA256 of both under the token's digest>`: any node with the same tokens accepts it, and a
/// token that is taken out of the file ends its cookies.
package final class AdminCredentials: Sendable {
    /// One token, by its digest.
    package struct Entry: Sendable, Hashable {
        package let identity: AdminIdentity
        /// SHA-256 of the token.
        package let digest: Digest

        package init(identity: AdminIdentity, digest: Digest) {
            self.identity = identity
            self.digest = digest
        }
    }

    /// Milliseconds that a login lasts.
    static let loginLifetime: Int64 = 12 * 3_600_000

    private let entries: Mutex<[Entry]>

    package init(_ entries: [Entry]) { self.entries = Mutex(entries) }

    /// From now on these tokens are accepted and no others.
    package func replace(by entries: [Entry]) { self.entries.withLock { $0 = entries } }

    /// No token at all: nobody can log in.
    var isEmpty: Bool { entries.withLock { $0.isEmpty } }

    /// Whose token it is; nil where it is none. Takes the same time wherever the digests differ.
    func identity(token: String) -> AdminIdentity? { entry(token: token)?.identity }

    /// A cookie for the token, good until `now` + 12 h, in unix milliseconds; nil where the token is none.
    func cookie(token: String, now: Int64) -> String? {
        guard let entry = entry(token: token) else { return nil }
        let head = "\(entry.identity.name).\(now + Self.loginLifetime)"
        return Self.seal(head, under: entry.digest).map { "\(head).\($0.hex)" }
    }

    /// Whose cookie it is; nil where it is none, or its time is over.
    func identity(cookie: String, now: Int64) -> AdminIdentity? {
        let parts = cookie.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 3, let ends = Int64(parts[parts.count - 2]), ends > now,
            let claimed = Digest(hex: parts[parts.count - 1].utf8)
        else { return nil }
        let name = parts.dropLast(2).joined(separator: ".")
        let entry = entries.withLock { entries in
            entries.first { entry in
                entry.identity.name == name && Self.seal("\(name).\(ends)", under: entry.digest)?.matches(claimed) ?? false
            }
        }
        return entry?.identity
    }

    private func entry(token: String) -> Entry? {
        guard let digest = SHA256.digest(of: Array(token.utf8)) else { return nil }
        return entries.withLock { entries in entries.filter { $0.digest.matches(digest) }.first }
    }

    private static func seal(_ head: String, under key: Digest) -> Digest? {
        HMACSHA256.code(of: Array("satgate-console|\(head)".utf8), under: key)
    }
}
