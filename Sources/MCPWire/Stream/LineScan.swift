/// Search for the ends of lines.
enum LineScan {
    /// The index of the first CR or LF at or after `start`; the count where there is none.
    static func end(in text: UnsafeRawBufferPointer, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var at = start
        while text.count - at >= 8 {
            let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let feeds = word ^ (ones &* 0x0A)
            let returns = word ^ (ones &* 0x0D)
            // A borrow only ever comes from a lower byte that is itself a stop, so the lowest stop is exact.
            let stops = (((feeds &- ones) & ~feeds) | ((returns &- ones) & ~returns)) & (ones &* 0x80)
            guard stops == 0 else { return at + stops.trailingZeroBitCount / 8 }
            at += 8
        }
        while at < text.count, text[at] != 0x0A, text[at] != 0x0D { at += 1 }
        return at
    }
}
