import Glibc

/// The classes of bytes in HTTP's grammar (RFC 9110 §5.5, §5.6.2).
enum Octet {
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let tab = UInt8(ascii: "\t")
    static let colon = UInt8(ascii: ":")

    /// True for the bytes of a token: letters, digits and ``!#$%&'*+-.^_`|~``.
    static func isToken(_ byte: UInt8) -> Bool {
        byte < 64 ? 0x03FF_6CFA_0000_0000 as UInt64 >> byte & 1 == 1 : byte < 128 && 0x57FF_FFFF_C7FF_FFFE as UInt64 >> (byte - 64) & 1 == 1
    }

    /// True for space and tab.
    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    /// True where all bytes may stand in a field's value or a reason phrase: no control characters but the tab.
    static func isText(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool { endOfText(in: bytes, from: 0, to: bytes.count) == bytes.count }

    /// Where the first byte stands that may not stand in such a text, or `end`.
    @inline(__always)
    static func endOfText(in bytes: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int) -> Int {
        let raw = UnsafeRawBufferPointer(bytes)
        var place = start
        while place + 8 <= end {
            let eight = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            // In ASCII, 0x60 more sets the highest bit of all but a byte below 0x20, and one more that of 0x7F.
            if (eight | ~(eight &+ 0x6060_6060_6060_6060) | (eight &+ 0x0101_0101_0101_0101)) & 0x8080_8080_8080_8080 == 0 {
                place += 8
                continue
            }
            // A byte below 0x20 borrows into its highest bit; so does 0x7F, once its own bits are turned round. Others may, but only behind
            // such a one, so the lowest is exact.
            let low = (eight &- 0x2020_2020_2020_2020) & ~eight & 0x8080_8080_8080_8080
            let turned = eight ^ 0x7F7F_7F7F_7F7F_7F7F
            let delete = (turned &- 0x0101_0101_0101_0101) & ~turned & 0x8080_8080_8080_8080
            guard low | delete != 0 else {
                place += 8
                continue
            }
            place += (low | delete).trailingZeroBitCount / 8
            guard raw[place] == tab else { return place }
            place += 1
        }
        while place < end, isText(raw[place]) { place += 1 }
        return place
    }

    private static func isText(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == tab }

    /// Where the next colon stands.
    @inline(__always)
    static func colon(in bytes: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int) -> Int? {
        let raw = UnsafeRawBufferPointer(bytes)
        var place = start
        while place + 8 <= end {
            let eight = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt64.self)) ^ 0x3A3A_3A3A_3A3A_3A3A
            let found = (eight &- 0x0101_0101_0101_0101) & ~eight & 0x8080_8080_8080_8080
            guard found == 0 else { return place + found.trailingZeroBitCount / 8 }
            place += 8
        }
        while place < end, raw[place] != colon { place += 1 }
        return place < end ? place : nil
    }

    /// True where this text stands at that place, which is as long.
    @inline(__always)
    static func isSame(_ bytes: UnsafeRawBufferPointer, _ place: Range<Int>, _ text: StaticString) -> Bool {
        guard let base = bytes.baseAddress, place.count == text.utf8CodeUnitCount else { return false }
        return memcmp(base + place.lowerBound, text.utf8Start, text.utf8CodeUnitCount) == 0
    }

    /// The value of a hexadecimal digit.
    static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    /// True where the bytes spell this lower-case word in any case.
    static func spells(_ bytes: UnsafeBufferPointer<UInt8>, _ word: StaticString) -> Bool {
        guard bytes.count == word.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count where lowercased(bytes[index]) != word.utf8Start[index] { return false }
        return true
    }

    /// The small letter of a capital one, else the byte itself.
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    /// The bytes without blanks at either end.
    static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var start = 0
        var end = bytes.count
        while start < end, isBlank(bytes[start]) { start += 1 }
        while start < end, isBlank(bytes[end - 1]) { end -= 1 }
        return UnsafeBufferPointer(rebasing: bytes[start..<end])
    }
}
