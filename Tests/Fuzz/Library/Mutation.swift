/// Changes bytes without knowing what they mean.
package enum Mutation {
    private static let splices: [[UInt8]] = [
        "\r\n", "\n", "\r", " ", "\t", "\0", ":", ";", ",", "0", "1", "f", "chunked", "Content-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n",
        "\u{b}", "\u{c}", "+", "-", "\r\n\r\n", "\r\n ", "HTTP/1.1", "GET / HTTP/1.1\r\n\r\n", "\u{7f}", "\u{85}", "0\r\n\r\n", "\"", "=",
        "Connection: close\r\n", "Upgrade: x\r\n", "\u{ff}",
    ].map { Array($0.utf8) }

    /// Makes one to three changes.
    static func mutate(_ bytes: inout [UInt8], _ dice: inout Seeded) {
        for _ in 0...dice.below(3) where bytes.count > 2 { mutateOnce(&bytes, &dice) }
    }

    private static func mutateOnce(_ bytes: inout [UInt8], _ dice: inout Seeded) {
        let place = dice.below(bytes.count)
        switch dice.below(8) {
        case 0: bytes[place] = UInt8(dice.below(256))
        case 1: bytes[place] ^= 1 << UInt8(dice.below(8))
        case 2: bytes.remove(at: place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + dice.below(20)))
        case 4: bytes.removeSubrange(place...)
        case 5, 6: bytes.insert(contentsOf: dice.one(of: splices), at: place)
        default:
            let part = bytes[place..<min(bytes.count, place + 1 + dice.below(60))]
            bytes.insert(contentsOf: Array(part), at: dice.below(bytes.count))
        }
    }

    /// The bytes in pieces, cut anywhere.
    package static func cut(_ bytes: [UInt8], _ dice: inout Seeded) -> [ArraySlice<UInt8>] {
        if dice.once(in: 12) { return bytes.indices.map { bytes[$0...$0] } }
        let places = (0..<dice.below(4)).map { _ in dice.below(bytes.count + 1) }.sorted()
        return zip([0] + places, places + [bytes.count]).map { bytes[$0..<$1] }
    }
}
