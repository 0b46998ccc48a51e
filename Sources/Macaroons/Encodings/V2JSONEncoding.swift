/// libmacaroons v2 JSON: `{"v":2,"l":…,"i":…,"c":[{"i":…}],"s64":…}`; bytes that are no text go under `i64`, `v64`, `s64`.
enum V2JSONEncoding {
    /// A field in its text or its base64 form; both at once are refused.
    private struct Bytes {
        private(set) var value: [UInt8]?

        mutating func take(text: [UInt8]) throws(MacaroonError) {
            guard value == nil else { throw .malformed("v2 json: two forms of one field") }
            value = text
        }

        mutating func take(base64: [UInt8]) throws(MacaroonError) {
            guard let bytes = Base64.decode(base64) else { throw .malformed("v2 json: not base64") }
            try take(text: bytes)
        }
    }

    private struct Parts {
        var location: [UInt8]?
        var identifier = Bytes()
        var signature = Bytes()
        var verification = Bytes()
        var caveats: [Caveat] = []
    }

    /// Reads the object.
    static func decode(_ bytes: [UInt8]) throws(MacaroonError) -> Macaroon {
        var reader = try JSONReader(bytes)
        var parts = Parts()
        try reader.object { (reader, name) throws(MacaroonError) in try member(name, &reader, &parts) }
        try reader.finish()
        guard let identifier = parts.identifier.value else { throw .malformed("v2 json: no identifier") }
        guard let signature = parts.signature.value.flatMap({ Digest($0) }) else {
            throw .malformed("v2 json: no signature of 32 bytes")
        }
        return try Macaroon(
            encoding: .v2JSON, location: parts.location, identifier: identifier, caveats: parts.caveats, signature: signature)
    }

    private static func member(_ name: [UInt8], _ reader: inout JSONReader, _ parts: inout Parts) throws(MacaroonError) {
        switch String(decoding: name, as: UTF8.self) {
        case "v": try reader.number(UInt8(ascii: "2"))
        case "l": parts.location = try reader.string()
        case "i": try parts.identifier.take(text: try reader.string())
        case "i64": try parts.identifier.take(base64: try reader.string())
        case "s": try parts.signature.take(text: try reader.string())
        case "s64": try parts.signature.take(base64: try reader.string())
        case "c": parts.caveats = try caveats(&reader)
        default: throw .malformed("v2 json: unknown member")
        }
    }

    private static func caveats(_ reader: inout JSONReader) throws(MacaroonError) -> [Caveat] {
        var caveats: [Caveat] = []
        try reader.array { (reader) throws(MacaroonError) in
            guard caveats.count < Macaroon.Limit.caveats else { throw .tooManyCaveats }
            var parts = Parts()
            try reader.object { (reader, name) throws(MacaroonError) in try caveatMember(name, &reader, &parts) }
            caveats.append(try caveat(parts))
        }
        return caveats
    }

    private static func caveatMember(_ name: [UInt8], _ reader: inout JSONReader, _ parts: inout Parts) throws(MacaroonError) {
        switch String(decoding: name, as: UTF8.self) {
        case "l": parts.location = try reader.string()
        case "i": try parts.identifier.take(text: try reader.string())
        case "i64": try parts.identifier.take(base64: try reader.string())
        case "v": try parts.verification.take(text: try reader.string())
        case "v64": try parts.verification.take(base64: try reader.string())
        default: throw .malformed("v2 json: unknown member of a caveat")
        }
    }

    private static func caveat(_ parts: Parts) throws(MacaroonError) -> Caveat {
        guard let identifier = parts.identifier.value else { throw .malformed("v2 json: no caveat identifier") }
        guard let verification = parts.verification.value else {
            guard parts.location == nil else { throw .malformed("v2 json: location in a first-party caveat") }
            return Caveat(identifier)
        }
        return Caveat(identifier, thirdParty: Caveat.ThirdParty(verification: verification, location: parts.location))
    }

    /// Writes the object, compact.
    static func encode(_ macaroon: Macaroon) -> [UInt8] {
        var json = JSONWriter.literal("{\"v\":2")
        if let location = macaroon.location { json += JSONWriter.literal(",\"l\":") + JSONWriter.string(location) }
        json += JSONWriter.literal(",") + field("i", macaroon.identifier) + JSONWriter.literal(",\"c\":[")
        json += macaroon.caveats.map(encode).joined(separator: [UInt8(ascii: ",")])
        json += JSONWriter.literal("],\"s64\":\"") + Base64.encodeURL(macaroon.signature.bytes) + JSONWriter.literal("\"}")
        return json
    }

    private static func encode(_ caveat: Caveat) -> [UInt8] {
        var json = JSONWriter.literal("{") + field("i", caveat.identifier)
        if let thirdParty = caveat.thirdParty {
            json += JSONWriter.literal(",\"v64\":\"") + Base64.encodeURL(thirdParty.verification) + JSONWriter.literal("\"")
            if let location = thirdParty.location { json += JSONWriter.literal(",\"l\":") + JSONWriter.string(location) }
        }
        return json + JSONWriter.literal("}")
    }

    /// `"name":"text"`, or `"name64":"base64"` for bytes that are no text.
    private static func field(_ name: StaticString, _ bytes: [UInt8]) -> [UInt8] {
        let quote = JSONWriter.literal("\"")
        guard !isUTF8(bytes) else { return quote + JSONWriter.literal(name) + JSONWriter.literal("\":") + JSONWriter.string(bytes) }
        return quote + JSONWriter.literal(name) + JSONWriter.literal("64\":\"") + Base64.encodeURL(bytes) + quote
    }
}
