/// libmacaroons v1: packets of four hex digits of length, a field's name, a space, its data, a line feed.
/// `location identifier (cid [vid cl])* signature`, in this order, and nothing after.
enum V1Encoding {
    /// Reads the packets.
    static func decode(_ bytes: [UInt8]) throws(MacaroonError) -> Macaroon {
        var reader = Reader(bytes)
        guard let location = try reader.packet("location") else { throw .malformed("v1: no location") }
        guard let identifier = try reader.packet("identifier") else { throw .malformed("v1: no identifier") }
        var caveats: [Caveat] = []
        while let condition = try reader.packet("cid") {
            guard caveats.count < Macaroon.Limit.caveats else { throw .tooManyCaveats }
            caveats.append(Caveat(condition, thirdParty: try reader.thirdParty()))
        }
        guard let signature = try reader.packet("signature") else { throw .malformed("v1: no signature") }
        guard reader.isAtEnd else { throw .malformed("v1: bytes after the signature") }
        guard let signature = Digest(signature) else { throw .malformed("v1: signature is not 32 bytes") }
        return try Macaroon(encoding: .v1, location: location, identifier: identifier, caveats: caveats, signature: signature)
    }

    /// Writes the packets.
    static func encode(_ macaroon: Macaroon) -> [UInt8] {
        var bytes: [UInt8] = []
        append("location", macaroon.location ?? [], to: &bytes)
        append("identifier", macaroon.identifier, to: &bytes)
        for caveat in macaroon.caveats {
            append("cid", caveat.identifier, to: &bytes)
            if let thirdParty = caveat.thirdParty {
                append("vid", thirdParty.verification, to: &bytes)
                append("cl", thirdParty.location ?? [], to: &bytes)
            }
        }
        append("signature", macaroon.signature.bytes, to: &bytes)
        return bytes
    }

    /// A field too long for its four digits cannot be read back; the 8 KiB of a token forbid it long before.
    private static func append(_ field: StaticString, _ data: [UInt8], to bytes: inout [UInt8]) {
        let length = 4 + field.utf8CodeUnitCount + 1 + data.count + 1
        bytes += Hex.encode([UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)])
        field.withUTF8Buffer { bytes += $0 }
        bytes.append(UInt8(ascii: " "))
        bytes += data
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Reads packet after packet.
    private struct Reader {
        private let bytes: [UInt8]
        private var index = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { index == bytes.count }

        /// The data of the next packet if it has this name, else nil and nothing is taken.
        mutating func packet(_ name: StaticString) throws(MacaroonError) -> [UInt8]? {
            let end = try endOfPacket()
            let start = index + 4 + name.utf8CodeUnitCount
            let named = name.withUTF8Buffer { bytes[(index + 4)..<end].starts(with: $0) }
            guard named, start < end, bytes[start] == UInt8(ascii: " ") else { return nil }
            guard start + 1 < end, bytes[end - 1] == UInt8(ascii: "\n") else { throw .malformed("v1: packet does not end") }
            index = end
            return Array(bytes[(start + 1)..<(end - 1)])
        }

        /// `vid` and `cl`, both or neither.
        mutating func thirdParty() throws(MacaroonError) -> Caveat.ThirdParty? {
            guard let verification = try packet("vid") else { return nil }
            guard let location = try packet("cl") else { throw .malformed("v1: vid without cl") }
            return Caveat.ThirdParty(verification: verification, location: location)
        }

        private func endOfPacket() throws(MacaroonError) -> Int {
            guard bytes.count - index >= 4, let digits = Hex.decode(bytes[index..<(index + 4)]) else {
                throw .malformed("v1: no length")
            }
            let length = Int(digits[0]) << 8 | Int(digits[1])
            guard length >= 4, length <= bytes.count - index else { throw .malformed("v1: length out of bounds") }
            return index + length
        }
    }
}
