import OneShotHTTP

/// Where a collector takes traces.
package struct OTLPEndpoint: Sendable, Hashable {
    let address: HTTPAddress

    /// Reads the base address of a collector, to which `/v1/traces` is added unless it ends so. Nil unless it is an http(s) URL with a
    /// host and without user, query and fragment.
    package init?(_ text: String) {
        guard let address = HTTPAddress(text) else { return nil }
        let base = address.path.hasSuffix("/") ? String(address.path.dropLast()) : address.path
        self.address = base.hasSuffix("/v1/traces") ? address.at(base) : address.at(base + "/v1/traces")
    }
}
