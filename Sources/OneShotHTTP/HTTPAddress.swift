import Foundation

/// An `http://` or `https://` URL, split.
package struct HTTPAddress: Sendable, Hashable {
    package let isSecure: Bool
    /// A name or an address; an IPv6 address without its brackets.
    package let host: String
    package let port: Int
    /// As on the request line; empty where the URL has none.
    package let path: String

    /// Nil unless it is an http(s) URL with a host and without user, query and fragment.
    package init?(_ text: String) {
        guard let url = URLComponents(string: text), url.scheme == "http" || url.scheme == "https", let host = url.host, !host.isEmpty,
            url.user == nil, url.password == nil, url.query == nil, url.fragment == nil, (1...65_535).contains(url.port ?? 1)
        else { return nil }
        isSecure = url.scheme == "https"
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        port = url.port ?? (isSecure ? 443 : 80)
        path = url.percentEncodedPath
    }

    /// Another path of the same server.
    package func at(_ path: String) -> HTTPAddress { HTTPAddress(isSecure: isSecure, host: host, port: port, path: path) }

    private init(isSecure: Bool, host: String, port: Int, path: String) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.path = path
    }

    /// True where the host is this machine.
    package var isLoopback: Bool { ["localhost", "127.0.0.1", "::1"].contains(host) }

    /// For the header `Host`.
    package var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}
