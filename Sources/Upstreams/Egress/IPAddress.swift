import NIOCore

/// An IPv4 or IPv6 address as a number.
enum IPAddress: Sendable, Hashable {
    case v4(UInt32)
    case v6(UInt128)

    /// Reads the standard notations only: four decimal numbers, or RFC 4291's.
    init?(_ text: String) {
        guard let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
        self.init(address)
    }

    /// Nil for a Unix domain socket.
    init?(_ address: SocketAddress) {
        // Where `sockaddr_in` and `sockaddr_in6` have it, in network order.
        let bytes = address.withSockAddr { pointer, size in Array(UnsafeRawBufferPointer(start: pointer, count: size)) }
        switch address {
        case .v4 where bytes.count >= 8: self = .v4(bytes[4..<8].reduce(0) { $0 << 8 | UInt32($1) })
        case .v6 where bytes.count >= 24: self = .v6(bytes[8..<24].reduce(0) { $0 << 8 | UInt128($1) })
        default: return nil
        }
    }

    /// The IPv4 addresses that packets to an IPv6 address may end at, because it only wraps them; empty for all others.
    var embedded: [UInt32] {
        guard case .v6(let bits) = self else { return [] }
        let low = UInt32(truncatingIfNeeded: bits)
        switch bits >> 32 {
        // IPv4-mapped, IPv4-compatible, NAT64
        case 0xFFFF, 0x0064_FF9B_0000_0000_0000_0000: return [low]
        case 0: return low > 1 ? [low] : []
        default: break
        }
        // 6to4
        if bits >> 112 == 0x2002 { return [UInt32(truncatingIfNeeded: bits >> 80)] }
        // Teredo: the server, and the client with its bits turned
        if bits >> 96 == 0x2001_0000 { return [UInt32(truncatingIfNeeded: bits >> 64), ~low] }
        return []
    }
}
