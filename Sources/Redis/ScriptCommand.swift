/// One call of a script, written straight into the bytes that go over the wire: for scripts that run with every call of an agent.
///
/// Keys come first, then arguments, as many of both as were announced.
package struct ScriptCommand: Sendable {
    let script: Script
    private var bytes: CommandBytes
    /// Where the count of keys begins, behind the script's name.
    private let tail: Int
    /// The first key, and how many of its bytes decide the slot.
    private var first: Range<Int>?
    private var deciding = Int.max
    private var slotOfFirst: HashSlot?
    /// A key of another slot.
    private var stranger: Range<Int>?

    package init(_ script: Script, keys: Int, arguments: Int) {
        self.script = script
        bytes = CommandBytes(capacity: 2048)
        bytes.header(UInt8(ascii: "*"), 3 + keys + arguments)
        bytes.bulk("EVALSHA")
        bytes.bulk(script.sha1)
        tail = bytes.count
        bytes.bulk(Int64(keys))
    }

    /// Adds the key that is `base` and `name` together.
    package mutating func key(_ base: String, _ name: String = "") {
        place(bytes.bulk(base, name))
    }

    /// Adds a text.
    package mutating func argument(_ text: String) { bytes.bulk(text) }

    /// Adds an integer.
    package mutating func argument(_ number: Int64) { bytes.bulk(number) }

    /// Adds bytes.
    package mutating func argument(_ argument: [UInt8]) { bytes.bulk(argument) }

    private mutating func place(_ key: Range<Int>) {
        guard let first else {
            first = key
            slotOfFirst = HashSlot(key: bytes[key])
            deciding = HashSlot.tagEnd(of: bytes[key]) ?? .max
            return
        }
        // Keys that agree up to the end of a tag agree in their slot; only others are worth a checksum.
        if key.count >= deciding, bytes.agree(first.lowerBound, key.lowerBound, for: deciding) { return }
        if stranger == nil, HashSlot(key: bytes[key]) != slotOfFirst { stranger = key }
    }

    /// The one slot of all keys; nil for none.
    func slot() throws(RedisError) -> HashSlot? {
        if let first, let stranger {
            throw .crossSlot(String(decoding: bytes[first], as: UTF8.self), String(decoding: bytes[stranger], as: UTF8.self))
        }
        return slotOfFirst
    }

    /// By the script's digest.
    var byDigest: EncodedCommand { EncodedCommand(encoded: Array(bytes[0..<bytes.count])) }

    /// With the script's source.
    var bySource: EncodedCommand {
        let written = bytes[0..<bytes.count]
        var whole = CommandBytes(capacity: 64 + script.source.count)
        whole.bulk("EVAL")
        whole.bulk(script.source)
        let count = written.prefix { $0 != UInt8(ascii: "\n") }.count + 1
        return EncodedCommand(encoded: Array(written[..<count]) + whole[0..<whole.count] + written[tail...])
    }
}
