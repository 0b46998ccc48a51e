/// The id of a JSON-RPC request as its JSON token is written: `1` and `"1"` differ; only strings and integers occur.
package struct RequestID: Sendable, Hashable {
    /// The token's bytes, at most 1 KiB.
    package let raw: [UInt8]

    /// The longest token accepted.
    package static let maximumLength = 1024

    /// The id that satgate gives to a request of its own.
    package init(_ number: Int) { raw = Array(String(number).utf8) }

    /// The id that satgate gives to what is asked of an agent; `text` is ours, and short.
    package init(text: String) { raw = JSONText.string(text) }

    /// Nil unless `raw` is one JSON string with paired surrogates or one integer without fraction and exponent, of at most 1 KiB.
    package init?(raw: [UInt8]) {
        guard raw.count <= Self.maximumLength, let document = try? JSONDocument(raw, as: .other),
            document.root == 0..<raw.count
        else { return nil }
        self.init(document.root, of: document)
    }

    /// Nil unless the value at `range` can be an id.
    init?(_ range: Range<Int>, of document: JSONDocument) {
        guard range.count <= Self.maximumLength, let first = document.bytes[range].first else { return nil }
        if first == UInt8(ascii: "\"") {
            guard document.isReadable(range) else { return nil }
        } else {
            let digits = first == UInt8(ascii: "-") ? document.bytes[range].dropFirst() : document.bytes[range]
            guard !digits.isEmpty, digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
        }
        raw = Array(document.bytes[range])
    }

    /// The number, when the token is an integer that fits.
    package var number: Int? {
        raw.first == UInt8(ascii: "\"") ? nil : Int(String(decoding: raw, as: UTF8.self))
    }

    /// The text, when the token is a string.
    package var text: String? { raw.first == UInt8(ascii: "\"") ? JSONText.unescaped(raw.dropFirst().dropLast()) : nil }
}

extension RequestID: CustomStringConvertible {
    /// The token as it is written.
    package var description: String { String(decoding: raw, as: UTF8.self) }
}
