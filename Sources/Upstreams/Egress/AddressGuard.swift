/// Judges which addresses this node may connect to on a tenant's behalf, so that no document can point it at its own neighbours.
struct AddressGuard: Sendable {
    /// What an address is to a guard.
    enum Class: Sendable, Hashable {
        case global
        /// Open where the operator says so.
        case local
        /// Open only by being named.
        case special
    }

    let policy: EgressPolicy

    /// True where a connection may be opened; an address that wraps others is allowed as they all are.
    func allows(_ address: IPAddress) -> Bool {
        if policy.allowedNetworks.contains(where: { $0.contains(address) }) { return true }
        let inner = address.embedded
        guard inner.isEmpty else { return inner.allSatisfy { allows(.v4($0)) } }
        return switch Self.class(of: address) {
        case .global: true
        case .local: policy.allowsPrivateNetworks
        case .special: false
        }
    }

    /// The class of an address that wraps no other.
    static func `class`(of address: IPAddress) -> Class {
        if special.contains(where: { $0.contains(address) }) { return .special }
        if local.contains(where: { $0.contains(address) }) { return .local }
        switch address {
        case .v4: return .global
        // All that is allocated as global unicast; RFC 4291 reserves the rest.
        case .v6(let bits): return bits >> 125 == 1 ? .global : .special
        }
    }

    private static let local = networks(
        // loopback, RFC 1918
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
        // shared between carriers and their customers
        "100.64.0.0/10",
        // loopback, unique local
        "::1", "fc00::/7")

    private static let special = networks(
        // this network, link-local with the metadata services, IETF assignments, documentation, 6to4 relays, benchmarks
        "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24",
        // multicast, reserved, broadcast
        "224.0.0.0/4", "240.0.0.0/4",
        // metadata services at addresses of other kinds: Alibaba, Azure, AWS, Google
        "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254",
        // IETF assignments with benchmarks and ORCHID, documentation
        "2001::/23", "2001:db8::/32", "3fff::/20")

    private static func networks(_ texts: String...) -> [IPNetwork] { texts.compactMap { IPNetwork($0) } }
}
