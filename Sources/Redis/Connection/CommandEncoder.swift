/// A command as it goes over the wire, an array of bulk strings: encoded once, however often it is sent.
struct EncodedCommand: Sendable {
    let bytes: [UInt8]

    /// What is encoded already.
    init(encoded bytes: [UInt8]) { self.bytes = bytes }

    init(_ arguments: [RedisArgument]) { self.init(arguments, keys: [], []) }

    /// The command whose arguments are those of `head`, then the keys, then the rest.
    init(_ head: [RedisArgument], keys: [String], _ rest: [RedisArgument]) {
        var size = CommandEncoder.size(ofHeader: head.count + keys.count + rest.count)
        for argument in head { size += CommandEncoder.size(of: argument) }
        for key in keys { size += CommandEncoder.size(ofBulk: key.utf8.count) }
        for argument in rest { size += CommandEncoder.size(of: argument) }
        bytes = [UInt8](unsafeUninitializedCapacity: size) { target, count in
            var encoder = CommandEncoder(target: UnsafeMutableRawBufferPointer(target))
            encoder.header(UInt8(ascii: "*"), head.count + keys.count + rest.count)
            for argument in head { encoder.append(argument) }
            for key in keys { encoder.append(text: key) }
            for argument in rest { encoder.append(argument) }
            count = encoder.count
        }
    }
}

/// Writes RESP into memory that is known to be large enough.
struct CommandEncoder {
    private let target: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(target: UnsafeMutableRawBufferPointer) { self.target = target }

    /// The bytes of the line that tells a length or a count.
    static func size(ofHeader length: Int) -> Int { 3 + width(UInt64(length)) }

    /// The bytes of a bulk string with its header.
    static func size(ofBulk length: Int) -> Int { size(ofHeader: length) + length + 2 }

    /// The bytes of an argument with its header.
    static func size(of argument: RedisArgument) -> Int {
        switch argument {
        case .text(let text): size(ofBulk: text.utf8.count)
        case .bytes(let bytes): size(ofBulk: bytes.count)
        case .integer(let value): size(ofBulk: length(value))
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
        case .text(let text): append(text: text)
        case .bytes(let bytes): bytes.withUnsafeBytes { bulk($0) }
        case .integer(let value): integer(value)
        }
    }

    mutating func append(text: String) {
        var text = text
        text.withUTF8 { bulk(UnsafeRawBufferPointer($0)) }
    }

    /// A bulk string with its header.
    mutating func bulk(_ bytes: UnsafeRawBufferPointer) {
        header(UInt8(ascii: "$"), bytes.count)
        raw(bytes)
        lineEnd()
    }

    /// The bytes as they are.
    mutating func raw(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: target[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    private mutating func integer(_ value: Int64) {
        header(UInt8(ascii: "$"), Self.length(value))
        if value < 0 { byte(UInt8(ascii: "-")) }
        digits(value.magnitude)
        lineEnd()
    }

    /// The characters of a decimal number.
    static func length(_ value: Int64) -> Int { width(value.magnitude) + (value < 0 ? 1 : 0) }

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

    /// What ends a line.
    mutating func lineEnd() {
        byte(UInt8(ascii: "\r"))
        byte(UInt8(ascii: "\n"))
    }

    private mutating func byte(_ byte: UInt8) {
        target[count] = byte
        count += 1
    }
}
