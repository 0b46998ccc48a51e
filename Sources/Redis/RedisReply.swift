/// A reply as it was read, or one of its elements: all of a reply is in one piece of memory, and made into values only where they are asked for.
package struct RedisReply: Sendable {
    /// The count of elements, a head and a value for each, and the bytes of their texts, one behind the other.
    private let words: [UInt64]
    /// Which element it is; the elements of an array follow it.
    private let place: Int

    private init(_ words: [UInt64], _ place: Int) {
        self.words = words
        self.place = place
    }

    /// A copy of `count` elements, each of a head and a value, and of their texts. A head is the kind, as hiredis counts kinds, and above its byte the
    /// length of the text; a value is where that begins.
    init(count: Int, elements: UnsafeRawBufferPointer, texts: UnsafeRawBufferPointer) {
        let size = 1 + 2 * count + (texts.count + 7) / 8
        words = [UInt64](unsafeUninitializedCapacity: size) { words, initialized in
            words[size - 1] = 0
            words[0] = UInt64(count)
            let bytes = UnsafeMutableRawBufferPointer(words)
            UnsafeMutableRawBufferPointer(rebasing: bytes[8...]).copyMemory(from: elements)
            UnsafeMutableRawBufferPointer(rebasing: bytes[(8 + 16 * count)...]).copyMemory(from: texts)
            initialized = size
        }
        place = 0
    }

    /// The value as a reply that was read.
    package init(_ value: RedisValue) {
        var records: [UInt64] = []
        var texts: [UInt8] = []
        Self.append(value, to: &records, &texts)
        self = records.withUnsafeBytes { elements in
            texts.withUnsafeBytes { RedisReply(count: elements.count / 16, elements: elements, texts: $0) }
        }
    }

    private static func append(_ value: RedisValue, to records: inout [UInt64], _ texts: inout [UInt8]) {
        func append(_ kind: Kind, _ text: some Collection<UInt8>) {
            records += [kind.rawValue | UInt64(text.count) << 8, UInt64(texts.count)]
            texts += text
        }
        switch value {
        case .string(let bytes): append(.string, bytes)
        case .error(let text): append(.error, text.utf8)
        case .integer(let number): records += [Kind.integer.rawValue, UInt64(bitPattern: number)]
        case .null: records += [Kind.null.rawValue, 0]
        case .array(let elements):
            records += [Kind.array.rawValue, UInt64(elements.count)]
            for element in elements { Self.append(element, to: &records, &texts) }
        }
    }

    /// What kind of reply it is.
    private enum Kind: UInt64 {
        case string = 1
        case array, integer, null, status, error
    }

    private var head: UInt64 { words[1 + 2 * place] }
    private var content: Int64 { Int64(bitPattern: words[2 + 2 * place]) }
    private var kind: Kind { Kind(rawValue: head & 255) ?? .null }

    /// What `body` makes of the bytes of a text.
    private func withText<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let start = 8 + 16 * Int(words[0]) + Int(content)
        return words.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<start + Int(head >> 8)])) }
    }

    /// True for a bulk string or a status.
    private var isString: Bool { kind == .string || kind == .status }

    /// What `body` makes of the string's bytes; nil for anything else.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? { isString ? withText(body) : nil }

    /// The string's bytes; nil for anything else.
    package var bytes: [UInt8]? { withBytes { Array($0) } }

    /// The string, its bytes read as UTF-8; nil for anything else.
    package var text: String? { withBytes { String(decoding: $0, as: UTF8.self) } }

    /// True for a string of these bytes.
    package func spells(_ word: StaticString) -> Bool {
        withBytes { $0.elementsEqual(UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)) } ?? false
    }

    /// The integer, or the one that a string spells.
    package var number: Int64? { kind == .integer ? content : withBytes(Self.number) ?? nil }

    private static func number(_ digits: UnsafeRawBufferPointer) -> Int64? {
        guard let first = digits.first, digits.count < 19 else { return Int64(String(decoding: digits, as: UTF8.self)) }
        let isSigned = first == UInt8(ascii: "-")
        guard digits.count > (isSigned ? 1 : 0) else { return nil }
        var number: Int64 = 0
        for digit in digits.dropFirst(isSigned ? 1 : 0) {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return Int64(String(decoding: digits, as: UTF8.self)) }
            number = number &* 10 &+ Int64(digit &- UInt8(ascii: "0"))
        }
        return isSigned ? -number : number
    }

    /// Itself, unless it is an error.
    var success: Result<RedisReply, RedisError> {
        kind == .error ? .failure(RedisError(reply: withText { String(decoding: $0, as: UTF8.self) })) : .success(self)
    }

    /// The elements of an array; nil for anything else.
    package var elements: Elements? { kind == .array ? Elements(of: self) : nil }

    /// The reply as a value.
    package var value: RedisValue {
        switch kind {
        case .string, .status: .string(withText { Array($0) })
        case .array: .array(Elements(of: self).map(\.value))
        case .integer: .integer(content)
        case .null: .null
        case .error: .error(withText { String(decoding: $0, as: UTF8.self) })
        }
    }
}

extension RedisReply {
    /// The elements of an array.
    package struct Elements: Sendable, RandomAccessCollection {
        private let array: RedisReply
        package let count: Int
        package var startIndex: Int { 0 }
        package var endIndex: Int { count }
        /// True where none of them has elements of its own, so that it is known where each is.
        private let isFlat: Bool

        fileprivate init(of array: RedisReply) {
            self.array = array
            count = Int(array.content)
            isFlat = array.place == 0 && Int(array.words[0]) == 1 + count
        }

        /// The element at an index from 0, which must be one: a walk where an array is among those ahead of it.
        package subscript(index: Int) -> RedisReply {
            precondition(index >= 0 && index < count, "no element at that index")
            if isFlat { return RedisReply(array.words, 1 + index) }
            var place = array.place + 1
            for _ in 0..<index { place = RedisReply(array.words, place).end }
            return RedisReply(array.words, place)
        }

        package struct Iterator: IteratorProtocol {
            fileprivate let words: [UInt64]
            fileprivate var place: Int
            fileprivate var rest: Int

            package mutating func next() -> RedisReply? {
                guard rest > 0 else { return nil }
                let element = RedisReply(words, place)
                rest -= 1
                place = element.end
                return element
            }
        }

        package func makeIterator() -> Iterator { Iterator(words: array.words, place: array.place + 1, rest: count) }
    }

    /// Where what follows it begins.
    private var end: Int {
        guard kind == .array else { return place + 1 }
        var end = place + 1
        for _ in 0..<Int(content) { end = RedisReply(words, end).end }
        return end
    }
}
