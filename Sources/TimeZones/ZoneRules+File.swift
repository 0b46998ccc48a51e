/// Why bytes are no zone's file.
package enum ZoneFileError: Error, Hashable {
    case notAZone
    case truncated
    /// A number in it cannot be.
    case invalid
    /// It counts leap seconds, as unix time does not.
    case leapSeconds
}

extension ZoneRules {
    /// Reads a TZif file (RFC 9636) of any version: of the second on, its 64-bit block and its footer.
    package init(file: [UInt8]) throws(ZoneFileError) {
        var reader = ZoneFileReader(file)
        let old = try ZoneFileHeader(&reader)
        guard old.version >= UInt8(ascii: "2") else {
            try self.init(&reader, old, wide: false)
            return
        }
        try reader.skip(old.length(wide: false))
        let header = try ZoneFileHeader(&reader)
        try self.init(&reader, header, wide: true)
    }

    private init(_ reader: inout ZoneFileReader, _ header: ZoneFileHeader, wide: Bool) throws(ZoneFileError) {
        guard header.leaps == 0 else { throw .leapSeconds }
        guard header.types > 0 else { throw .invalid }
        var transitions: [Int64] = []
        for _ in 0..<header.times { transitions.append(try reader.integer(wide: wide)) }
        var kinds: [Int] = []
        for _ in 0..<header.times { kinds.append(Int(try reader.byte())) }
        var types: [Int64] = []
        for _ in 0..<header.types {
            types.append(try reader.integer(wide: false))
            try reader.skip(2)
        }
        try reader.skip(header.names + header.standards + header.universals)
        guard types.allSatisfy({ abs($0) < Self.reach }), kinds.allSatisfy({ $0 < types.count }),
            zip(transitions, transitions.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw .invalid }
        self.transitions = transitions
        offsets = kinds.map { types[$0] }
        first = types[0]
        rule = wide ? try reader.footer() : nil
    }
}

/// The counts that stand before a block.
private struct ZoneFileHeader {
    let version: UInt8
    let universals, standards, leaps, times, types, names: Int

    init(_ reader: inout ZoneFileReader) throws(ZoneFileError) {
        for byte in "TZif".utf8 { guard try reader.byte() == byte else { throw .notAZone } }
        version = try reader.byte()
        try reader.skip(15)
        var counts: [Int] = []
        for _ in 0..<6 {
            let count = try reader.integer(wide: false)
            guard (0...100_000).contains(count) else { throw .invalid }
            counts.append(Int(count))
        }
        (universals, standards, leaps, times, types, names) = (counts[0], counts[1], counts[2], counts[3], counts[4], counts[5])
    }

    /// Bytes of the block.
    func length(wide: Bool) -> Int {
        let width = wide ? 8 : 4
        return times * (width + 1) + types * 6 + names + leaps * (width + 4) + standards + universals
    }
}

/// Takes numbers of network byte order from the front of a file.
private struct ZoneFileReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func byte() throws(ZoneFileError) -> UInt8 {
        guard index < bytes.count else { throw .truncated }
        defer { index += 1 }
        return bytes[index]
    }

    mutating func skip(_ count: Int) throws(ZoneFileError) {
        guard count <= bytes.count - index else { throw .truncated }
        index += count
    }

    /// Signed, of eight or four bytes.
    mutating func integer(wide: Bool) throws(ZoneFileError) -> Int64 {
        var value: UInt64 = 0
        for _ in 0..<(wide ? 8 : 4) { value = value << 8 | UInt64(try byte()) }
        return wide ? Int64(bitPattern: value) : Int64(Int32(truncatingIfNeeded: value))
    }

    /// The rule between two newlines; nil where nothing stands there.
    mutating func footer() throws(ZoneFileError) -> PosixRule? {
        guard try byte() == UInt8(ascii: "\n") else { throw .invalid }
        var text: [UInt8] = []
        while true {
            let byte = try byte()
            if byte == UInt8(ascii: "\n") { break }
            text.append(byte)
        }
        guard !text.isEmpty else { return nil }
        guard let rule = PosixRule(text) else { throw .invalid }
        return rule
    }
}
