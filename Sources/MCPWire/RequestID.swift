/// The id of a JSON-RPC request as its JSON token is written: `1` and `"1"` differ; only strings and integers occur.
package struct RequestID: Sendable, Hashable {
    /// A token has one of these forms only, so that equal tokens are equal ids.
    private enum Token: Hashable {
        /// An integer that fits, written without needless signs.
        case number(Int)
        /// Any other token.
        case bytes([UInt8])
    }

    private let token: Token

    /// The longest token accepted.
    package static let maximumLength = 1024

    /// The id that satgate gives to a request of its own.
    package init(_ number: Int) { token = .number(number) }

    /// The id that satgate gives to what is asked of an agent; `text` is ours, and short.
    package init(text: String) { token = .bytes(JSONText.string(text)) }

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
        } else if let number = Self.number(document.bytes, range) {
            token = .number(number)
            return
        } else {
            let digits = first == UInt8(ascii: "-") ? document.bytes[range].dropFirst() : document.bytes[range]
            guard !digits.isEmpty, digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
        }
        token = .bytes(Array(document.bytes[range]))
    }

    /// The number that the JSON token at `range` is, if it is the only spelling of one that fits: not `-0`, no fraction, no exponent.
    private static func number(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
        let isNegative = bytes[range.lowerBound] == UInt8(ascii: "-")
        var number = 0
        for index in (isNegative ? range.lowerBound + 1 : range.lowerBound)..<range.upperBound {
            let digit = Int(bytes[index] &- UInt8(ascii: "0"))
            guard digit < 10 else { return nil }
            let (tens, overflows) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflowsToo) = isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
            guard !overflows, !overflowsToo else { return nil }
            number = sum
        }
        return isNegative && number == 0 ? nil : number
    }

    /// The token's bytes, at most 1 KiB.
    package var raw: [UInt8] {
        switch token {
        case .number(let number): Array(String(number).utf8)
        case .bytes(let bytes): bytes
        }
    }

    /// Appends the token.
    package func append(to out: inout [UInt8]) {
        switch token {
        case .number(let number): JSONText.append(integer: number, to: &out)
        case .bytes(let bytes): out.append(contentsOf: bytes)
        }
    }

    /// The number, when the token is an integer that fits.
    package var number: Int? {
        switch token {
        case .number(let number): number
        case .bytes(let bytes): bytes.first == UInt8(ascii: "\"") ? nil : Int(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// The text, when the token is a string.
    package var text: String? {
        guard case .bytes(let bytes) = token, bytes.first == UInt8(ascii: "\"") else { return nil }
        return JSONText.unescaped(bytes.dropFirst().dropLast())
    }
}

extension RequestID: CustomStringConvertible {
    /// The token as it is written.
    package var description: String { String(decoding: raw, as: UTF8.self) }
}
