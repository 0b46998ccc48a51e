import Governance
import NIOCore
import Secrets
import Synchronization

/// The header lines that a tenant's document asks for, with the secrets put in on this node, and the token of its authorization server.
final class Credentials: Sendable, Redacted {
    /// Nil where the upstream needs none.
    let tokens: OAuthTokens?
    private let fields: [(name: String, value: Template)]
    private let secrets: NodeSecrets
    /// When the files are looked at again, in nanoseconds of the monotonic clock; never, where there is none.
    private let due: Atomic<UInt64>
    private let changes = Atomic<Int>(0)
    /// Nil where a secret is missing.
    private let resolved: Mutex<SecretBytes?>

    /// Headers that are the gateway's to send; a document that names one is refused.
    private static let reserved: Set<String> = [
        "host", "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
        "accept", "accept-encoding", "mcp-session-id", "mcp-protocol-version", "last-event-id",
    ]

    /// Nil where a header of the document, or its token's URL, cannot be sent as it is.
    init?(_ document: UpstreamDocument, tenant: TenantName, secrets: NodeSecrets) {
        for (name, value) in document.headers {
            guard HeaderText.isToken(name), !Self.reserved.contains(name.lowercased()) else { return nil }
            guard document.oauth == nil || name.lowercased() != "authorization" else { return nil }
            for case .literal(let text) in value.parts where !HeaderText.isValue(text) { return nil }
        }
        if let oauth = document.oauth {
            guard let tokens = OAuthTokens(oauth, tls: document.tls, tenant: tenant, secrets: secrets) else { return nil }
            self.tokens = tokens
        } else {
            tokens = nil
        }
        fields = document.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        self.secrets = secrets
        let readsFiles = document.headers.values.contains { $0.parts.contains { if case .file = $0 { true } else { false } } }
        due = Atomic(readsFiles ? 0 : .max)
        resolved = Mutex(Self.resolve(fields, secrets))
    }

    /// Changes when the lines have; throws where there is no token. It costs atomic loads, a look at the clock where there are files or
    /// tokens, and once a second a look at the files.
    func generation() throws(HTTPFailure) -> Int {
        let due = due.load(ordering: .relaxed)
        if due != .max { look(due) }
        let changes = changes.load(ordering: .acquiring)
        guard let tokens else { return changes }
        return changes &+ (try tokens.generation())
    }

    /// The lines, each ended; the copy is the caller's to overwrite.
    func lines() throws(HTTPFailure) -> [UInt8] {
        guard let secret = resolved.withLock({ $0 }) else { throw .unsent(.noCredentials) }
        var lines = secret.withUnsafeBytes { Array($0) }
        guard let tokens else { return lines }
        let token = try tokens.token()
        lines += Array("Authorization: Bearer ".utf8)
        token.withUnsafeBytes { lines += $0 }
        return lines + Array("\r\n".utf8)
    }

    /// Puts the files' text in anew where it is time to, by one of those who ask at once.
    private func look(_ due: UInt64) {
        let now = NIODeadline.now()
        guard now.uptimeNanoseconds >= due else { return }
        // A little later, or the file's own pause would not be over yet.
        let next = (now + NodeSecrets.pause + .milliseconds(20)).uptimeNanoseconds
        guard self.due.compareExchange(expected: due, desired: next, ordering: .relaxed).exchanged else { return }
        let fresh = Self.resolve(fields, secrets)
        let isOther = resolved.withLock { resolved in
            defer { resolved = fresh }
            return resolved != fresh
        }
        if isOther { changes.add(1, ordering: .releasing) }
    }

    private static func resolve(_ fields: [(name: String, value: Template)], _ secrets: NodeSecrets) -> SecretBytes? {
        var lines: [UInt8] = []
        for field in fields {
            guard let value = secrets.value(of: field.value) else { return nil }
            lines += Array("\(field.name): \(value)\r\n".utf8)
        }
        return SecretBytes(taking: &lines)
    }
}
