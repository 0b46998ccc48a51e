/// One of Redis Cluster's 16,384 slots.
package struct HashSlot: Sendable, Hashable {
    package let number: UInt16

    /// The slot of `key`: CRC16 of its hash tag, of the whole key where it has none.
    package init(key: some Collection<UInt8>) {
        number = Self.checksum(Self.tag(of: key)) & 16_383
    }

    /// The one slot of all `keys`; nil for none.
    package static func common(of keys: [String]) throws(RedisError) -> HashSlot? {
        guard let first = keys.first else { return nil }
        let slot = HashSlot(key: first.utf8)
        for key in keys.dropFirst() where HashSlot(key: key.utf8) != slot { throw .crossSlot(first, key) }
        return slot
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
