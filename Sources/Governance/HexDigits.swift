/// Lower-case hex digits of 64-bit words, sixteen each, as ids are spelled.
enum HexDigits {
    /// The words that the text spells, at most four; nil unless it is 16 lower-case hex digits for each of `count`.
    static func words(of text: some Collection<UInt8>, count: Int) -> InlineArray<4, UInt64>? {
        guard text.count == 16 * count else { return nil }
        if let words = text.withContiguousStorageIfAvailable({ read($0) }) { return words }
        return read(Array(text))
    }

    private static func read(_ digits: some RandomAccessCollection<UInt8>) -> InlineArray<4, UInt64>? {
        var words: InlineArray<4, UInt64> = [0, 0, 0, 0]
        var place = 0
        for digit in digits {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            words[place / 16] = words[place / 16] << 4 | UInt64(value)
            place += 1
        }
        return words
    }

    /// The words' digits one after the other.
    static func text(_ words: UInt64...) -> String {
        String(unsafeUninitializedCapacity: 16 * words.count) { out in
            guard let start = out.baseAddress else { return 0 }
            for (place, word) in words.enumerated() { write(word, to: start + 16 * place) }
            return 16 * words.count
        }
    }

    /// Writes the word's sixteen digits, the highest first, to where `digits` begins.
    static func write(_ word: UInt64, to digits: UnsafeMutablePointer<UInt8>) {
        // Each half's nibbles spread over the bytes of a word, then all eight made digits at once.
        for half in 0..<2 {
            var spread = half == 0 ? word >> 32 : word & 0xffff_ffff
            spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff
            spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff
            spread = (spread | spread << 4) & 0x0f0f_0f0f_0f0f_0f0f
            let letters = (spread &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
            let text = spread &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
            UnsafeMutableRawPointer(digits + 8 * half).storeBytes(of: text.bigEndian, as: UInt64.self)
        }
    }
}
