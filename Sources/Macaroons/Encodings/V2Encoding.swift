/// libmacaroons v2: `2 [location] identifier 0 ([location] identifier [vid] 0)* 0 signature`,
/// each field a type, a varint length and its data.
enum V2Encoding {
    /// The first byte of every token.
    static let version: UInt8 = 2

    private enum Field {
        static let end: UInt8 = 0
        static let location: UInt8 = 1
        static let identifier: UInt8 = 2
        static let verification: UInt8 = 4
        static let signature: UInt8 = 6
    }

    /// Reads the fields.
    static func decode(_ bytes: [UInt8]) throws(MacaroonError) -> Macaroon {
        var reader = Reader(bytes, from: 1)
        let location = try reader.field(Field.location)
        guard let identifier = try reader.field(Field.identifier) else { throw .malformed("v2: no identifier") }
        try reader.end()
        var caveats: [Caveat] = []
        while !reader.takes(Field.end) {
            guard caveats.count < Macaroon.Limit.caveats else { throw .tooManyCaveats }
            caveats.append(try caveat(&reader))
        }
        guard let signature = try reader.field(Field.signature) else { throw .malformed("v2: no signature") }
        guard reader.isAtEnd else { throw .malformed("v2: bytes after the signature") }
        guard let signature = Digest(signature) else { throw .malformed("v2: signature is not 32 bytes") }
        return try Macaroon(encoding: .v2, location: location, identifier: identifier, caveats: caveats, signature: signature)
    }

    private static func caveat(_ reader: inout Reader) throws(MacaroonError) -> Caveat {
        let location = try reader.field(Field.location)
        guard let identifier = try reader.field(Field.identifier) else { throw .malformed("v2: no caveat identifier") }
        let verification = try reader.field(Field.verification)
        try reader.end()
        guard let verification else {
            guard location == nil else { throw .malformed("v2: location in a first-party caveat") }
            return Caveat(identifier)
        }
        return Caveat(identifier, thirdParty: Caveat.ThirdParty(verification: verification, location: location))
    }

    /// Writes the fields.
    static func encode(_ macaroon: Macaroon) -> [UInt8] {
        var bytes: [UInt8] = [version]
        append(Field.location, macaroon.location, to: &bytes)
        append(Field.identifier, macaroon.identifier, to: &bytes)
        bytes.append(Field.end)
        for caveat in macaroon.caveats {
            append(Field.location, caveat.thirdParty?.location, to: &bytes)
            append(Field.identifier, caveat.identifier, to: &bytes)
            append(Field.verification, caveat.thirdParty?.verification, to: &bytes)
            bytes.append(Field.end)
        }
        bytes.append(Field.end)
        append(Field.signature, macaroon.signature.bytes, to: &bytes)
        return bytes
    }

    private static func append(_ field: UInt8, _ data: [UInt8]?, to bytes: inout [UInt8]) {
        guard let data else { return }
        bytes.append(field)
        var length = data.count
        while length >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(length))
        bytes += data
    }

    /// Reads field after field. Every type fits one byte, so a longer spelling of it matches none.
    private struct Reader {
        private let bytes: [UInt8]
        private var index: Int

        init(_ bytes: [UInt8], from index: Int) {
            self.bytes = bytes
            self.index = index
        }

        var isAtEnd: Bool { index == bytes.count }

        /// True, and the byte is taken, when the next one is this.
        mutating func takes(_ byte: UInt8) -> Bool {
            guard index < bytes.count, bytes[index] == byte else { return false }
            index += 1
            return true
        }

        mutating func end() throws(MacaroonError) {
            guard takes(Field.end) else { throw .malformed("v2: unexpected field") }
        }

        /// The data of the next field if it has this type, else nil and nothing is taken.
        mutating func field(_ type: UInt8) throws(MacaroonError) -> [UInt8]? {
            guard takes(type) else { return nil }
            let length = try length()
            guard length <= bytes.count - index else { throw .malformed("v2: field past the end") }
            defer { index += length }
            return Array(bytes[index..<(index + length)])
        }

        /// A varint of the fewest bytes, at most three.
        private mutating func length() throws(MacaroonError) -> Int {
            var value = 0
            for place in 0..<3 {
                guard index < bytes.count else { throw .malformed("v2: length past the end") }
                let byte = bytes[index]
                index += 1
                value |= Int(byte & 0x7F) << (7 * place)
                guard byte < 0x80 else { continue }
                guard place == 0 || byte != 0 else { throw .malformed("v2: overlong length") }
                return value
            }
            throw .malformed("v2: length too large")
        }
    }
}
