/// A command in the making: bulk strings one after the other, in memory that is larger than what is written so far.
struct CommandBytes: Sendable {
    private var memory: [UInt8]
    private(set) var count = 0

    init(capacity: Int) { memory = [UInt8](repeating: 0, count: capacity) }

    subscript(range: Range<Int>) -> ArraySlice<UInt8> { memory[range] }

    /// True where as many bytes are the same at both places.
    func agree(_ one: Int, _ other: Int, for length: Int) -> Bool {
        memory.withUnsafeBytes { bytes in
            var place = 0
            while place < length, bytes[one + place] == bytes[other + place] { place += 1 }
            return place == length
        }
    }

    /// The line that tells a length or a count.
    mutating func header(_ kind: UInt8, _ length: Int) { write(32) { $0.header(kind, length) } }

    mutating func bulk(_ text: String) {
        var text = text
        text.withUTF8 { bulk(UnsafeRawBufferPointer($0)) }
    }

    mutating func bulk(_ bytes: [UInt8]) { bytes.withUnsafeBytes { bulk($0) } }

    mutating func bulk(_ number: Int64) { write(64) { $0.append(.integer(number)) } }

    /// A text of two parts; where it stands.
    mutating func bulk(_ base: String, _ name: String) -> Range<Int> {
        let length = base.utf8.count + name.utf8.count
        var (base, name) = (base, name)
        base.withUTF8 { base in
            name.withUTF8 { name in
                write(length + 32) { encoder in
                    encoder.header(UInt8(ascii: "$"), length)
                    encoder.raw(UnsafeRawBufferPointer(base))
                    encoder.raw(UnsafeRawBufferPointer(name))
                    encoder.lineEnd()
                }
            }
        }
        return count - 2 - length..<count - 2
    }

    private mutating func bulk(_ bytes: UnsafeRawBufferPointer) { write(bytes.count + 32) { $0.bulk(bytes) } }

    /// Writes at most so many bytes.
    private mutating func write(_ most: Int, _ body: (inout CommandEncoder) -> Void) {
        if count + most > memory.count { memory.append(contentsOf: repeatElement(0, count: max(most, memory.count))) }
        count += memory.withUnsafeMutableBytes { memory in
            var encoder = CommandEncoder(target: UnsafeMutableRawBufferPointer(rebasing: memory[count...]))
            body(&encoder)
            return encoder.count
        }
    }
}
