extension Macaroon {
    /// Reads a token of any of the four encodings, told apart by their first byte. Strict: a token has one reading, and
    /// what its encoding does not foresee is refused.
    package init(decoding token: String) throws(MacaroonError) {
        guard token.utf8.count <= Limit.token else { throw .tokenTooLong }
        let text = Array(token.utf8)
        if text.first == UInt8(ascii: "{") {
            self = try V2JSONEncoding.decode(text)
            return
        }
        guard let bytes = Base64.decode(text), let first = bytes.first else { throw .malformed("not base64") }
        switch first {
        case V2Encoding.version: self = try V2Encoding.decode(bytes)
        case UInt8(ascii: "{"): self = try SatGateEncoding.decode(bytes)
        case _ where Hex.value(first) != nil: self = try V1Encoding.decode(bytes)
        default: throw .malformed("no known encoding")
        }
    }

    /// The token as its holder presents it.
    package func encoded() -> String {
        let text =
            switch encoding {
            case .satgate: Base64.encodeURL(SatGateEncoding.encode(self))
            case .v1: Base64.encodeURL(V1Encoding.encode(self))
            case .v2: Base64.encodeURL(V2Encoding.encode(self))
            case .v2JSON: V2JSONEncoding.encode(self)
            }
        return String(decoding: text, as: UTF8.self)
    }
}

/// True for well-formed UTF-8.
func isUTF8(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }
