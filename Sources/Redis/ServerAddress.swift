/// Where one server listens.
package struct ServerAddress: Sendable, Hashable {
    /// A name, an IPv4 or an IPv6 address, without brackets.
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

extension ServerAddress: CustomStringConvertible {
    /// As in a URL.
    package var description: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}
