import NIOCore

extension ByteBuffer {
    /// Appends the command as an array of bulk strings, by one reservation and plain copies; `bound` is `CommandEncoder.bound(of:)`.
    mutating func writeCommand(_ arguments: [RedisArgument], bound: Int) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
            var encoder = CommandEncoder(target: target)
            encoder.header(UInt8(ascii: "*"), arguments.count)
            for argument in arguments { encoder.append(argument) }
            return encoder.count
        }
    }
}

/// Writes RESP into memory that is known to be large enough.
struct CommandEncoder {
    /// The most bytes that a length's line, or an integer, takes.
    static let frame = 24

    private let target: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(target: UnsafeMutableRawBufferPointer) { self.target = target }

    /// The most bytes that a command takes.
    static func bound(of arguments: [RedisArgument]) -> Int {
        var bound = frame
        for argument in arguments { bound += self.bound(argument) }
        return bound
    }

    private static func bound(_ argument: RedisArgument) -> Int {
        switch argument {
        case .text(let text): text.utf8.count + 2 + frame
        case .bytes(let bytes): bytes.count + 2 + frame
        case .integer: 2 + 2 * frame
        }
    }

    /// `$3\r\n` and the like.
    mutating func header(_ kind: UInt8, _ length: Int) {
        byte(kind)
        digits(UInt64(length))
        lineEnd()
    }

    mutating func append(_ argument: RedisArgument) {
        switch argument {
        case .text(var text): text.withUTF8 { bulk(UnsafeRawBufferPointer($0)) }
        case .bytes(let bytes): bytes.withUnsafeBytes { bulk($0) }
        case .integer(let value): integer(value)
        }
    }

    private mutating func bulk(_ bytes: UnsafeRawBufferPointer) {
        header(UInt8(ascii: "$"), bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: target[count...]).copyMemory(from: bytes)
        count += bytes.count
        lineEnd()
    }

    private mutating func integer(_ value: Int64) {
        header(UInt8(ascii: "$"), Self.width(value.magnitude) + (value < 0 ? 1 : 0))
        if value < 0 { byte(UInt8(ascii: "-")) }
        digits(value.magnitude)
        lineEnd()
    }

    private static func width(_ value: UInt64) -> Int {
        var width = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            width += 1
        }
        return width
    }

    private mutating func digits(_ value: UInt64) {
        let width = Self.width(value)
        var rest = value
        for place in stride(from: count + width - 1, through: count, by: -1) {
            target[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += width
    }

    private mutating func lineEnd() {
        byte(UInt8(ascii: "\r"))
        byte(UInt8(ascii: "\n"))
    }

    private mutating func byte(_ byte: UInt8) {
        target[count] = byte
        count += 1
    }
}
