/// One call of a script, written straight into the bytes that go over the wire: for scripts that run with every call of an agent.
///
/// Keys come first, then arguments, as many of both as were announced.
package struct ScriptCommand: Sendable {
    let script: Script
    private var bytes: [UInt8] = []
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
        bytes.reserveCapacity(1024)
        bytes.append(header: UInt8(ascii: "*"), 3 + keys + arguments)
        bytes.append(bulk: "EVALSHA")
        bytes.append(bulk: script.sha1)
        tail = bytes.count
        bytes.append(bulk: Int64(keys))
    }

    /// Adds the key that is `base` and `name` together.
    package mutating func key(_ base: String, _ name: String = "") {
        bytes.append(header: UInt8(ascii: "$"), base.utf8.count + name.utf8.count)
        let start = bytes.count
        bytes.append(contentsOf: base.utf8)
        bytes.append(contentsOf: name.utf8)
        place(start..<bytes.count)
        bytes.appendLineEnd()
    }

    /// Adds a text.
    package mutating func argument(_ text: String) { bytes.append(bulk: text) }

    /// Adds an integer.
    package mutating func argument(_ number: Int64) { bytes.append(bulk: number) }

    /// Adds bytes.
    package mutating func argument(_ argument: [UInt8]) {
        bytes.append(header: UInt8(ascii: "$"), argument.count)
        bytes.append(contentsOf: argument)
        bytes.appendLineEnd()
    }

    private mutating func place(_ key: Range<Int>) {
        guard let first else {
            first = key
            slotOfFirst = HashSlot(key: bytes[key])
            deciding = HashSlot.tagEnd(of: bytes[key]) ?? .max
            return
        }
        // Keys that agree up to the end of a tag agree in their slot; only others are worth a checksum.
        if key.count >= deciding, bytes[key].prefix(deciding).elementsEqual(bytes[first].prefix(deciding)) { return }
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
    var byDigest: EncodedCommand { EncodedCommand(encoded: bytes) }

    /// With the script's source.
    var bySource: EncodedCommand {
        var whole = Array(bytes.prefix { $0 != UInt8(ascii: "\n") }) + [UInt8(ascii: "\n")]
        whole.append(bulk: "EVAL")
        whole.append(header: UInt8(ascii: "$"), script.source.count)
        whole.append(contentsOf: script.source)
        whole.appendLineEnd()
        return EncodedCommand(encoded: whole + bytes[tail...])
    }
}

extension [UInt8] {
    fileprivate mutating func append(header kind: UInt8, _ length: Int) {
        append(kind)
        append(decimal: UInt64(length))
        appendLineEnd()
    }

    fileprivate mutating func append(bulk text: String) {
        append(header: UInt8(ascii: "$"), text.utf8.count)
        append(contentsOf: text.utf8)
        appendLineEnd()
    }

    fileprivate mutating func append(bulk number: Int64) {
        append(header: UInt8(ascii: "$"), CommandEncoder.length(number))
        if number < 0 { append(UInt8(ascii: "-")) }
        append(decimal: number.magnitude)
        appendLineEnd()
    }

    private mutating func append(decimal value: UInt64) {
        if value >= 10 { append(decimal: value / 10) }
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
    }

    fileprivate mutating func appendLineEnd() {
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }
}
