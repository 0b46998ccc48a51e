import Glibc

/// One of Redis Cluster's 16,384 slots.
package struct HashSlot: Sendable, Hashable {
    package let number: UInt16

    /// How many there are.
    static let count = 16_384

    /// Nil for what is no slot's number.
    init?(number: UInt16) {
        guard number < Self.count else { return nil }
        self.number = number
    }

    /// The slot of `key`: CRC16 of its hash tag, of the whole key where it has none.
    package init(key: some Collection<UInt8>) {
        number = Self.checksum(Self.tag(of: key)) & 16_383
    }

    /// The one slot of all `keys`; nil for none.
    package static func common(of keys: [String]) throws(RedisError) -> HashSlot? {
        guard var first = keys.first else { return nil }
        let slot = HashSlot(key: first.utf8)
        // Keys that agree up to the end of a tag agree in their slot; only others are worth a checksum.
        let shared = first.withUTF8 { Self.tagEnd(of: $0) } ?? .max
        for index in 1..<max(1, keys.count) {
            var key = keys[index]
            let agrees = first.withUTF8 { first in
                key.withUTF8 { key in
                    guard key.count >= shared, let left = key.baseAddress, let right = first.baseAddress else { return false }
                    return memcmp(left, right, shared) == 0
                }
            }
            guard agrees || HashSlot(key: key.utf8) == slot else { throw .crossSlot(first, key) }
        }
        return slot
    }

    /// How long the key is up to the end of its tag; nil where it has none.
    static func tagEnd(of key: some RandomAccessCollection<UInt8>) -> Int? {
        guard let open = key.firstIndex(of: UInt8(ascii: "{")) else { return nil }
        let start = key.index(after: open)
        guard let close = key[start...].firstIndex(of: UInt8(ascii: "}")), close != start else { return nil }
        return key.distance(from: key.startIndex, to: close) + 1
    }

    /// What is between the first `{` and the next `}`, unless that is empty.
    private static func tag<Key: Collection<UInt8>>(of key: Key) -> Key.SubSequence {
        guard let open = key.firstIndex(of: UInt8(ascii: "{")) else { return key[...] }
        let start = key.index(after: open)
        guard let end = key[start...].firstIndex(of: UInt8(ascii: "}")), end != start else { return key[...] }
        return key[start..<end]
    }

    /// CRC-16/XMODEM, four bits at a time.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
        var value: UInt16 = 0
        for byte in bytes {
            value = (value << 4) ^ (((value >> 12) ^ UInt16(byte >> 4)) &* 0x1021)
            value = (value << 4) ^ (((value >> 12) ^ UInt16(byte & 15)) &* 0x1021)
        }
        return value
    }
}
