import Governance
import Macaroons

/// What an agent that showed its token in a URL shows instead of it from then on: 128 random bits, which only the stream's own URI tells.
struct StreamKey {
    /// 32 hex digits.
    let text: String
    private let digest: Digest

    /// A new one; nil only when libcrypto fails.
    init?() { self.init(SessionID().text) }

    /// Nil for what cannot be one.
    init?(_ text: some StringProtocol) {
        guard let text = SessionID(text)?.text, let digest = SHA256.digest(of: Array(text.utf8)) else { return nil }
        self.text = text
        self.digest = digest
    }

    /// What is kept of it.
    func pass(for grant: Grant) -> StreamPass { StreamPass(digest: digest.hex, grant: grant) }

    /// Whether the pass was made for this key.
    func opens(_ pass: StreamPass) -> Bool { Digest(hex: pass.digest.utf8)?.matches(digest) ?? false }
}

extension Gateway {
    /// The principal of a token that came in a URL.
    func identify(token: String) async throws(Rejection) -> Principal {
        try principal(
            of: await judge(presented: true) { () throws(AuthenticationError) in try authenticator.identify(token: token, now: now()) })
    }

    /// The principal whose stream has this key: the token behind it is judged again.
    func identify(streamKey text: Substring, of inbound: Inbound) async throws(Rejection) -> Principal {
        let key = StreamKey(text)
        let session = inbound.query("sessionId").flatMap { SessionID($0) }
        let tenant = inbound.query("tenant").flatMap { TenantName($0) }
        var pass: StreamPass?
        if let session, let tenant {
            do { pass = try await sessions.pass(of: session, in: tenant) } catch { throw .storeUnavailable(nil) }
        }
        let grant = try await judge(presented: true) { () throws(AuthenticationError) in
            guard let key, let pass, key.opens(pass) else { throw .unproved }
            return try Authenticator.valid(pass.grant, at: now())
        }
        return try principal(of: grant)
    }
}
