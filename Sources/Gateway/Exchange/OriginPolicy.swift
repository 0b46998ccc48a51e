extension Gateway {
    /// Refuses a browser's request from an origin that is not on the list, and a `Host` that this node does not answer to
    /// (DNS rebinding; Streamable HTTP, "Security Warning").
    func checkOrigin(of inbound: Inbound, on reply: HTTPReply) throws(Rejection) {
        if let origin = inbound.fields.origin {
            guard configuration.allowedOrigins.contains(origin) || isLoopback(host(ofOrigin: origin)) else { throw .originForbidden }
        }
        guard !configuration.allowedHosts.isEmpty else { return }
        guard let host = inbound.fields.host else { throw .hostForbidden }
        if let known = reply.knownHost, host.isSame(as: known) { return }
        guard configuration.allowedHosts.contains(name(ofHost: String(decoding: host, as: UTF8.self))) else { throw .hostForbidden }
        reply.knownHost = Array(host)
    }

    /// The host of `scheme://host[:port]`.
    private func host(ofOrigin origin: String) -> String {
        for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) { return name(ofHost: String(origin.dropFirst(scheme.count))) }
        return ""
    }

    /// The host without its port.
    private func name(ofHost host: String) -> String {
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return "" }
            let rest = host[host.index(after: end)...]
            return rest.isEmpty || rest.hasPrefix(":") ? String(host[...end]) : ""
        }
        return String(host.prefix { $0 != ":" }).lowercased()
    }

    private func isLoopback(_ host: String) -> Bool { Self.loopbackHosts.contains(host) }

    /// The names of this machine for itself.
    package static var loopbackHosts: Set<String> { ["localhost", "127.0.0.1", "[::1]"] }
}
