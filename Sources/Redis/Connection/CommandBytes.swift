/// A command in the making: RESP, written once into memory that grows where it has to.
package struct CommandBytes: ~Copyable, Sendable {
    private(set) var memory: CommandMemory
    private(set) var count = 0

    /// The longest line of a length or a number with its header; what is written as a whole word may reach so far, too.
    private static let line = 32

    init(capacity: Int) { memory = CommandMemory(capacity: max(capacity, 2 * Self.line)) }

    /// Where so many bytes, and a line, have room.
    @inline(__always)
    private mutating func room(for length: Int) -> UnsafeMutablePointer<UInt8> {
        if count + length + 2 * Self.line > memory.capacity { grow(by: length) }
        return memory.start + count
    }

    @inline(never)
    private mutating func grow(by length: Int) {
        let larger = CommandMemory(capacity: 2 * memory.capacity + length + 2 * Self.line)
        larger.start.update(from: memory.start, count: count)
        memory = larger
    }

    /// Eight bytes at most, the first in the lowest byte.
    @inline(__always)
    private mutating func write(word: UInt64, _ length: Int) {
        UnsafeMutableRawPointer(room(for: 8)).storeBytes(of: word.littleEndian, as: UInt64.self)
        count += length
    }

    /// The line that tells a length or a count: `$3\r\n` and the like.
    @inline(__always)
    mutating func header(_ kind: UInt8, _ length: Int) {
        let tail: UInt64 = 0x0A0D_30
        if length < 10 {
            write(word: (tail + UInt64(length)) << 8 | UInt64(kind), 4)
        } else if length < 100 {
            let (tens, ones) = (UInt64(length / 10), UInt64(length % 10))
            write(word: (tail + ones) << 16 | (0x30 + tens) << 8 | UInt64(kind), 5)
        } else {
            write(word: UInt64(kind), 1)
            append(Int64(length))
            lineEnd()
        }
    }

    /// What ends a line.
    @inline(__always)
    mutating func lineEnd() { write(word: 0x0A0D, 2) }

    /// The bytes as they are.
    @inline(__always)
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let from = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(room(for: bytes.count)).copyMemory(from: from, byteCount: bytes.count)
        count += bytes.count
    }

    /// The text's bytes as they are.
    @inline(__always)
    package mutating func append(_ text: String) {
        if text.utf8.withContiguousStorageIfAvailable({ append(UnsafeRawBufferPointer($0)) }) == nil { append(Array(text.utf8)) }
    }

    /// The bytes as they are.
    package mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// The number in decimal digits.
    package mutating func append(_ number: Int64) {
        var end = room(for: Self.line) + Self.line
        let last = end
        var rest = number.magnitude
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            end -= 1
            end.pointee = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
            rest = quotient
        } while rest > 0
        if number < 0 {
            end -= 1
            end.pointee = UInt8(ascii: "-")
        }
        (memory.start + count).update(from: end, count: last - end)
        count += last - end
    }

    /// So many bytes, which `write` writes to where they begin.
    @inline(__always)
    package mutating func append(_ length: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Void) {
        write(room(for: length))
        count += length
    }
}

/// Bulk strings.
extension CommandBytes {
    mutating func bulk(_ text: String) {
        header(UInt8(ascii: "$"), text.utf8.count)
        append(text)
        lineEnd()
    }

    mutating func bulk(_ bytes: UnsafeRawBufferPointer) {
        header(UInt8(ascii: "$"), bytes.count)
        append(bytes)
        lineEnd()
    }

    mutating func bulk(_ number: Int64) {
        if (0..<10).contains(number) { return write(word: 0x0A_0D30_0A0D_3124 + UInt64(number) << 32, 7) }
        header(UInt8(ascii: "$"), Self.length(of: number))
        append(number)
        lineEnd()
    }

    /// How many bytes the number has in decimal digits.
    private static func length(of number: Int64) -> Int {
        var (length, rest) = (number < 0 ? 2 : 1, number.magnitude)
        while rest >= 10 {
            rest /= 10
            length += 1
        }
        return length
    }

    mutating func bulk(_ argument: RedisArgument) {
        switch argument {
        case .text(let text): bulk(text)
        case .bytes(let bytes): bytes.withUnsafeBytes { bulk($0) }
        case .integer(let value): bulk(value)
        }
    }

    /// A text of two parts; the second is of so many bytes, which `write` writes to where they begin.
    @inline(__always)
    mutating func bulk(_ base: [UInt8], _ length: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Void) {
        header(UInt8(ascii: "$"), base.count + length)
        append(base)
        append(length, write)
        lineEnd()
    }

    /// A text of two parts.
    mutating func bulk(_ base: [UInt8], _ name: String) {
        header(UInt8(ascii: "$"), base.count + name.utf8.count)
        append(base)
        append(name)
        lineEnd()
    }

    /// What `body` writes.
    @inline(__always)
    mutating func written(_ body: (inout CommandBytes) -> Void) {
        // Most are longer than nine bytes and shorter than a hundred: others are moved once their length is known.
        let start = count
        count += 5
        body(&self)
        let length = count - start - 5
        if (10..<100).contains(length) {
            let (tens, ones) = length.quotientAndRemainder(dividingBy: 10)
            let head = memory.start + start
            head[0] = UInt8(ascii: "$")
            head[1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: tens)
            head[2] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: ones)
            head[3] = UInt8(ascii: "\r")
            head[4] = UInt8(ascii: "\n")
        } else {
            move(start, length)
        }
        lineEnd()
    }

    /// Puts the header ahead of what was written five bytes behind `start`.
    @inline(never)
    private mutating func move(_ start: Int, _ length: Int) {
        _ = room(for: 0)
        let header = Array("$\(length)\r\n".utf8)
        (memory.start + start + header.count).update(from: memory.start + start + 5, count: length)
        (memory.start + start).update(from: header, count: header.count)
        count = start + header.count + length
    }

    /// The bulk string that begins at `place`.
    func text(at place: Int) -> String {
        let written = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(start: memory.start, count: count)[place...])
        let header = written.prefix { $0 != UInt8(ascii: "\n") }
        let length = header.dropFirst().dropLast().reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return String(decoding: written.dropFirst(header.count + 1).prefix(length), as: UTF8.self)
    }
}
