/// The value of a header that repeats a text of the message's body, as revisions without a handshake want it.
package enum HeaderValue {
    static let opening = "=?base64?"
    static let closing = "?="

    /// The text itself where it is visible ASCII with spaces inside only, else its UTF-8 bytes in base64 between markers; a text that
    /// looks so marked itself is encoded too.
    package static func encoded(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        let isTrimmed = text.utf8.first != 0x20 && text.utf8.last != 0x20
        let looksEncoded = text.hasPrefix(opening) && text.hasSuffix(closing)
        return isPlain && isTrimmed && !looksEncoded ? text : opening + base64(Array(text.utf8)) + closing
    }

    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let word = part.reduce(0) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - part.count))
            for place in 0..<4 {
                out.append(place <= part.count ? alphabet[Int(word >> (18 - 6 * UInt32(place)) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
