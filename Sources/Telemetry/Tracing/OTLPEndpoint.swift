import Foundation

/// Where a collector takes traces.
package struct OTLPEndpoint: Sendable, Hashable {
    let isSecure: Bool
    let host: String
    let port: Int
    let path: String

    /// Reads the base address of a collector, to which `/v1/traces` is added unless it ends so. Nil unless it is an http(s) URL with a
    /// host and without user, query and fragment.
    package init?(_ text: String) {
        guard let url = URLComponents(string: text), url.scheme == "http" || url.scheme == "https", let host = url.host, !host.isEmpty,
            url.user == nil, url.password == nil, url.query == nil, url.fragment == nil, (1...65_535).contains(url.port ?? 1)
        else { return nil }
        isSecure = url.scheme == "https"
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        port = url.port ?? (isSecure ? 443 : 80)
        let base = url.percentEncodedPath.hasSuffix("/") ? String(url.percentEncodedPath.dropLast()) : url.percentEncodedPath
        path = base.hasSuffix("/v1/traces") ? base : base + "/v1/traces"
    }

    /// For the header `Host`.
    var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}
