import NIOCore

/// Whose connection it is: an IPv4 address, or the first 64 bits of an IPv6 one, for whoever has one has all others behind these.
struct PeerAddress: Hashable, Sendable {
    private enum Kind: UInt8 { case other, v4, v6 }

    private let kind: Kind
    private let bits: UInt64

    /// Addresses that are none are all one.
    init(_ address: SocketAddress?) {
        switch address {
        // Where the kernel's structures have the address: behind family and port, and of IPv6 the flow.
        case .v4(let address): (kind, bits) = (.v4, withUnsafeBytes(of: address.address) { Self.number($0[4..<8]) })
        case .v6(let address): (kind, bits) = withUnsafeBytes(of: address.address) { Self.parts(Array($0[8..<24])) }
        default: (kind, bits) = (.other, 0)
        }
    }

    /// Of the sixteen bytes of an IPv6 address, which may stand for an IPv4 one (`::ffff:…`).
    private static func parts(_ bytes: [UInt8]) -> (Kind, UInt64) {
        let isMapped = bytes.prefix(12).elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
        return isMapped ? (.v4, number(bytes.suffix(4))) : (.v6, number(bytes.prefix(8)))
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
