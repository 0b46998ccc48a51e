import MCPWire
import NIOCore
import Secrets

/// A token as an authorization server gave it; kept in memory only.
struct AccessToken: Sendable, Redacted {
    let text: SecretBytes
    let fetched: NIODeadline
    /// From here on a new one is asked for.
    let refresh: NIODeadline
    /// From here on it is not used.
    let end: NIODeadline

    /// Taken for the life of a token whose server does not tell it, in seconds.
    private static let assumedLife = 300

    /// Reads the server's answer of status 200; nil where it holds no bearer token that is good for a second at least.
    init?(_ body: [UInt8], at now: NIODeadline) {
        guard let answer = JSONObject(body), let token = answer.text("access_token"), !token.isEmpty, token.utf8.count <= 16 * 1024,
            token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), answer.text("token_type")?.lowercased() == "bearer"
        else { return nil }
        var life = Self.assumedLife
        if answer.has("expires_in") {
            guard let stated = answer.integer("expires_in"), stated > 0 else { return nil }
            life = min(stated, 365 * 86_400)
        }
        text = SecretBytes(token.utf8)
        fetched = now
        let milliseconds = Int64(life) * 1000
        end = now + .milliseconds(milliseconds)
        refresh = now + .milliseconds(Self.refresh(after: milliseconds))
    }

    /// At 80 % of its life, or 30 s before its end where that is earlier; a token of a minute or less has half its life.
    static func refresh(after life: Int64) -> Int64 {
        let early = life - 30_000
        return early > life / 2 ? min(life / 5 * 4, early) : life / 2
    }
}
