/// SatGate's JSON, `{"v":1,"l":…,"i":…,"c":[…],"s":"<hex>"}`: text and first-party caveats only.
enum SatGateEncoding {
    private struct Parts {
        var version = false
        var location: [UInt8]?
        var identifier: [UInt8]?
        var caveats: [Caveat]?
        var signature: Digest?
    }

    /// Reads the object; each of the five members exactly once, in any order.
    static func decode(_ bytes: [UInt8]) throws(MacaroonError) -> Macaroon {
        var reader = try JSONReader(bytes)
        var parts = Parts()
        try reader.object { (reader, name) throws(MacaroonError) in try member(name, &reader, &parts) }
        try reader.finish()
        guard parts.version, let location = parts.location, let identifier = parts.identifier, let caveats = parts.caveats,
            let signature = parts.signature
        else { throw .malformed("satgate: a member is missing") }
        return try Macaroon(encoding: .satgate, location: location, identifier: identifier, caveats: caveats, signature: signature)
    }

    private static func member(_ name: [UInt8], _ reader: inout JSONReader, _ parts: inout Parts) throws(MacaroonError) {
        switch String(decoding: name, as: UTF8.self) {
        case "v":
            try reader.number(UInt8(ascii: "1"))
            parts.version = true
        case "l": parts.location = try reader.string()
        case "i": parts.identifier = try reader.string()
        case "c": parts.caveats = try caveats(&reader)
        case "s":
            parts.signature = Digest(hex: try reader.string())
            guard parts.signature != nil else { throw .malformed("satgate: signature is not 64 lower-case hex digits") }
        default: throw .malformed("satgate: unknown member")
        }
    }

    private static func caveats(_ reader: inout JSONReader) throws(MacaroonError) -> [Caveat] {
        var caveats: [Caveat] = []
        try reader.array { (reader) throws(MacaroonError) in
            guard caveats.count < Macaroon.Limit.caveats else { throw .tooManyCaveats }
            caveats.append(Caveat(try reader.string()))
        }
        return caveats
    }

    /// Writes the object, byte for byte as SatGate does.
    static func encode(_ macaroon: Macaroon) -> [UInt8] {
        var json = JSONWriter.literal("{\"v\":1,\"l\":")
        json += JSONWriter.string(macaroon.location ?? [])
        json += JSONWriter.literal(",\"i\":") + JSONWriter.string(macaroon.identifier)
        json += JSONWriter.literal(",\"c\":[")
        json += macaroon.caveats.map { JSONWriter.string($0.identifier) }.joined(separator: [UInt8(ascii: ",")])
        json += JSONWriter.literal("],\"s\":\"") + Hex.encode(macaroon.signature.bytes) + JSONWriter.literal("\"}")
        return json
    }
}
