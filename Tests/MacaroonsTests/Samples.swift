import Foundation
import Macaroons

let everyEncoding = Macaroon.Encoding.allCases

/// The bytes of a text.
func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A key of 32 equal bytes.
func key(_ byte: UInt8 = 7) throws -> RootKey { try RootKey(bytes: [UInt8](repeating: byte, count: 32)) }

/// A token of these caveats under `key()`.
func token(_ encoding: Macaroon.Encoding, _ caveats: [String] = ["tenant_id = acme", "expires = 4102444800000"]) throws -> Macaroon {
    try .mint(rootKey: key(), identifier: utf8("k1:00"), location: "https://gw.example", caveats: caveats.map(utf8), encoding: encoding)
}

/// base64url of bytes that the library would not write itself.
func base64URL(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let rest = min(3, bytes.count - start)
        let group = (0..<3).reduce(0) { $0 << 8 | ($1 < rest ? Int(bytes[start + $1]) : 0) }
        for place in 0...rest { text.append(alphabet[group >> (18 - 6 * place) & 63]) }
    }
    return String(decoding: text, as: UTF8.self)
}

/// The bytes behind base64url text.
func base64Decoded(_ text: String) -> [UInt8]? {
    var standard = text.replacing("-", with: "+").replacing("_", with: "/")
    while !standard.utf8.count.isMultiple(of: 4) { standard += "=" }
    return Data(base64Encoded: standard).map { Array($0) }
}
