/// A block of addresses in CIDR notation: `10.0.0.0/8`, `fd00::/8`; a lone address is a block of one.
package struct IPNetwork: Sendable, Hashable {
    private let address: IPAddress
    private let length: Int

    /// Nil where it is no such text, or where bits are set behind the prefix, as that is most likely a slip.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(String(first)) else { return nil }
        let width =
            switch address {
            case .v4: 32
            case .v6: 128
            }
        var length = width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(parts[1]),
                number <= width
            else { return nil }
            length = number
        }
        self.address = address
        self.length = length
        guard Self.prefix(of: address, length) == address else { return nil }
    }

    /// True for an address of the block; an IPv4 block has none of IPv6.
    func contains(_ other: IPAddress) -> Bool {
        switch (address, other) {
        case (.v4, .v4), (.v6, .v6): Self.prefix(of: other, length) == address
        default: false
        }
    }

    /// The address with all bits behind the first `length` cleared.
    private static func prefix(of address: IPAddress, _ length: Int) -> IPAddress {
        switch address {
        case .v4(let bits): .v4(length == 0 ? 0 : bits & ~0 << UInt32(32 - length))
        case .v6(let bits): .v6(length == 0 ? 0 : bits & ~0 << UInt128(128 - length))
        }
    }
}
