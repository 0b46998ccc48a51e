import HTTPTypes
import NIOHTTP1

/// Finds out who asks, from a bearer token or a browser's cookie.
struct Access: Sendable {
    static let cookieName = "satgate_console"

    let credentials: AdminCredentials
    /// Unix milliseconds.
    let now: @Sendable () -> Int64

    /// Who asks; nil where no good token or cookie came with the request.
    ///
    /// A cookie counts only for what the dashboard itself asks for: with a method that changes something, or an upgrade, the browser must
    /// say that the request comes from the page of this very origin (`SameSite=Strict` alone trusts sibling subdomains).
    func identity(authorization: String?, cookies: String?, origin: String?, host: String?, isHarmless: Bool) -> AdminIdentity? {
        if let authorization {
            guard authorization.lowercased().hasPrefix("bearer ") else { return nil }
            return credentials.identity(token: String(authorization.dropFirst("bearer ".count)))
        }
        guard let cookie = Self.cookie(in: cookies), isHarmless || Self.isSame(origin, host) else { return nil }
        return credentials.identity(cookie: cookie, now: now())
    }

    /// `Set-Cookie` for a login; empty: for a logout.
    func setCookie(_ value: String?, isSecure: Bool) -> String {
        let life = value == nil ? 0 : AdminCredentials.loginLifetime / 1000
        return "\(Self.cookieName)=\(value ?? ""); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(life)\(isSecure ? "; Secure" : "")"
    }

    private static func cookie(in header: String?) -> String? {
        header?.split(separator: ";").lazy.map { $0.drop { $0 == " " } }.first { $0.hasPrefix(cookieName + "=") }
            .map { String($0.dropFirst(cookieName.count + 1)) }
    }

    private static func isSame(_ origin: String?, _ host: String?) -> Bool {
        guard let origin, let host, let start = origin.firstRange(of: "://") else { return false }
        return origin[start.upperBound...] == host
    }
}

extension Access {
    /// Who asks by this request.
    func identity(of request: HTTPRequest) -> AdminIdentity? {
        identity(
            authorization: request.headerFields[.authorization], cookies: request.headerFields[.cookie],
            origin: request.headerFields[.origin], host: request.authority,
            isHarmless: request.method == .get || request.method == .head)
    }

    /// Who wants to upgrade.
    func identity(upgrading head: HTTPRequestHead) -> AdminIdentity? {
        identity(
            authorization: head.headers.first(name: "authorization"), cookies: head.headers.first(name: "cookie"),
            origin: head.headers.first(name: "origin"), host: head.headers.first(name: "host"), isHarmless: false)
    }
}
