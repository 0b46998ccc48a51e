/// What the operator of the node lets upstreams be; a tenant has no say in it.
package struct EgressPolicy: Sendable, Hashable {
    /// Opens loopback, RFC 1918, shared (RFC 6598) and unique local addresses; never link-local or metadata ones.
    package var allowsPrivateNetworks = false
    /// Opens these, whatever they are.
    package var allowedNetworks: [IPNetwork] = []

    /// Public addresses only.
    package init(allowsPrivateNetworks: Bool = false, allowedNetworks: [IPNetwork] = []) {
        self.allowsPrivateNetworks = allowsPrivateNetworks
        self.allowedNetworks = allowedNetworks
    }
}
