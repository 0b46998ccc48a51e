/// One spelling for all spellings of a JSON value: members in the order of their keys' bytes (of equal keys in the order of the text), no
/// white space, strings with nothing escaped but quote and backslash, numbers as their digits without zeros at either end and a power of
/// ten. What has no exact value is left as it is written: strings with an unpaired surrogate, exponents of more than 15 digits.
///
/// Only to be compared with its like, byte by byte: control characters stand in it as they are, so it is not quite JSON.
struct CanonicalJSON {
    private let text: [UInt8]
    private let end: Int
    private var at: Int
    private var out: [UInt8] = []

    /// The value at `range`, which a scan of the same bytes has found.
    static func text(of bytes: [UInt8], at range: Range<Int>) -> [UInt8] {
        var canonical = CanonicalJSON(bytes, range)
        canonical.value()
        return canonical.out
    }

    private init(_ text: [UInt8], _ range: Range<Int>) {
        self.text = text
        at = range.lowerBound
        end = min(range.upperBound, text.count)
        out.reserveCapacity(range.count)
    }

    private func peek() -> UInt8 { at < end ? text[at] : 0 }

    private mutating func skipSpace() { while at < end, [0x20, 0x09, 0x0A, 0x0D].contains(text[at]) { at += 1 } }

    /// Takes bytes as long as they are of the kind.
    private mutating func run(while isWanted: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = at
        while at < end, isWanted(text[at]) { at += 1 }
        return text[start..<at]
    }

    private mutating func value() {
        switch peek() {
        case UInt8(ascii: "{"): object()
        case UInt8(ascii: "["): array()
        case UInt8(ascii: "\""): string()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            number(run { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || "+-.eE".utf8.contains($0) })
        default: out += run { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") }
        }
    }

    private mutating func array() {
        separated(until: UInt8(ascii: "]")) { $0.value() }
    }

    /// Writes the elements between the brackets, each by `element`.
    private mutating func separated(until bracket: UInt8, _ element: (inout CanonicalJSON) -> Void) {
        out.append(peek())
        at += 1
        skipSpace()
        while at < end, peek() != bracket {
            element(&self)
            skipSpace()
            guard peek() == UInt8(ascii: ",") else { break }
            out.append(UInt8(ascii: ","))
            at += 1
            skipSpace()
        }
        out.append(bracket)
        at += 1
    }
}

// MARK: Objects

extension CanonicalJSON {
    /// Where a member was written, relative to its object.
    private struct Member {
        let key: Range<Int>
        let whole: Range<Int>
    }

    private mutating func object() {
        let start = out.count
        var members: [Member] = []
        separated(until: UInt8(ascii: "}")) { json in
            let first = json.out.count - start
            json.string()
            let key = first..<json.out.count - start
            json.skipSpace()
            json.at += 1
            json.skipSpace()
            json.out.append(UInt8(ascii: ":"))
            json.value()
            members.append(Member(key: key, whole: first..<json.out.count - start))
        }
        arrange(members, from: start)
    }

    /// Puts the members in their order, where they were not written in it.
    private mutating func arrange(_ members: [Member], from start: Int) {
        let isOrdered = zip(members, members.dropFirst()).allSatisfy { left, right in
            !out[start + right.key.lowerBound..<start + right.key.upperBound]
                .lexicographicallyPrecedes(out[start + left.key.lowerBound..<start + left.key.upperBound])
        }
        if isOrdered { return }
        let written = Array(out[start...])
        let sorted = members.sorted { left, right in
            let (one, other) = (written[left.key], written[right.key])
            if one.elementsEqual(other) { return left.whole.lowerBound < right.whole.lowerBound }
            return one.lexicographicallyPrecedes(other)
        }
        out.removeLast(written.count)
        out.append(UInt8(ascii: "{"))
        for (index, member) in sorted.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out += written[member.whole]
        }
        out.append(UInt8(ascii: "}"))
    }
}

// MARK: Scalars

extension CanonicalJSON {
    private mutating func string() {
        at += 1
        let start = at
        while at < end, peek() != UInt8(ascii: "\"") { at += peek() == UInt8(ascii: "\\") ? 2 : 1 }
        let content = text[start..<min(at, end)]
        at += 1
        out.append(UInt8(ascii: "\""))
        if !content.contains(UInt8(ascii: "\\")) {
            out += content
        } else if let plain = content.withUnsafeBytes({ JSONText.unescapedBytes($0) }) {
            for byte in plain {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { out.append(UInt8(ascii: "\\")) }
                out.append(byte)
            }
        } else {
            out += content
        }
        out.append(UInt8(ascii: "\""))
    }

    private mutating func number(_ token: ArraySlice<UInt8>) {
        let isNegative = token.first == UInt8(ascii: "-")
        let parts = token.dropFirst(isNegative ? 1 : 0).split(maxSplits: 1) { $0 | 0x20 == UInt8(ascii: "e") }
        let mantissa = parts.first?.split(separator: UInt8(ascii: "."), maxSplits: 1) ?? []
        let zero = UInt8(ascii: "0")
        var digits = Array(mantissa.joined().drop { $0 == zero })
        guard !digits.isEmpty else { return out.append(zero) }
        let power = parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : "0"
        guard power.utf8.count <= 16, var exponent = Int(power) else { return out += token }
        if mantissa.count > 1 { exponent -= mantissa[1].count }
        while digits.last == zero {
            digits.removeLast()
            exponent += 1
        }
        if isNegative { out.append(UInt8(ascii: "-")) }
        out += digits
        out += "e\(exponent)".utf8
    }
}
