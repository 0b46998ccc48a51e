/// The server behind a URL; connections are pooled by it.
struct Origin: Sendable, Hashable {
    let isSecure: Bool
    /// A name or an address; an IPv6 address without its brackets.
    let host: String
    let port: Int

    /// The `Host` header: the port only where it is not the scheme's own.
    var authority: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }
}

/// An `http://` or `https://` URL, split.
struct Location: Sendable, Hashable {
    let origin: Origin
    /// Path and query as sent on the request line; begins with `/`.
    let target: String

    /// Nil for another scheme, user information, a fragment, an empty host, a bad port, or anything that is not visible ASCII.
    init?(_ url: String) {
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !url.utf8.contains(UInt8(ascii: "#")) else { return nil }
        guard let scheme = Self.scheme(of: url) else { return nil }
        let rest = url.dropFirst(scheme.length)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let (host, port) = Self.hostAndPort(rest[..<end], standard: scheme.isSecure ? 443 : 80) else { return nil }
        origin = Origin(isSecure: scheme.isSecure, host: host, port: port)
        let path = rest[end...]
        target = path.hasPrefix("/") ? String(path) : "/\(path)"
    }

    /// Another target of the same origin.
    func moved(to target: String) -> Location { Location(origin: origin, target: target) }

    /// What a URI reference (RFC 3986) found here means; nil for one that is none of ours to follow.
    func resolving(_ reference: String) -> Location? {
        let text = String(reference.prefix { $0 != "#" })
        if Self.scheme(of: text) != nil { return Location(text) }
        if text.hasPrefix("//") { return Location((origin.isSecure ? "https:" : "http:") + text) }
        let path = target.prefix { $0 != "?" }
        let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        let place = text.hasPrefix("/") ? text : text.hasPrefix("?") ? path + text : folder + text
        guard !text.isEmpty, text.hasPrefix("/") || text.hasPrefix("?") || !text.prefix(while: { $0 != "/" && $0 != "?" }).contains(":")
        else { return nil }
        return Location("\(origin.isSecure ? "https" : "http")://\(origin.authority)\(place)")
    }

    private init(origin: Origin, target: String) {
        self.origin = origin
        self.target = target
    }

    private static func scheme(of url: String) -> (isSecure: Bool, length: Int)? {
        let lower = url.prefix(8).lowercased()
        if lower.hasPrefix("https://") { return (true, 8) }
        return lower.hasPrefix("http://") ? (false, 7) : nil
    }

    private static func hostAndPort(_ authority: Substring, standard: Int) -> (String, Int)? {
        guard !authority.contains("@") else { return nil }
        var host = authority
        var digits: Substring?
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<bracket]
            let tail = authority[authority.index(after: bracket)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { return nil }
            digits = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            digits = authority[authority.index(after: colon)...]
            guard !host.contains(":") else { return nil }
        }
        guard !host.isEmpty else { return nil }
        guard let digits else { return (host.lowercased(), standard) }
        guard let port = UInt16(digits), port > 0, digits.utf8.count <= 5 else { return nil }
        return (host.lowercased(), Int(port))
    }
}
