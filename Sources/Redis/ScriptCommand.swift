/// One call of a script, written straight into the memory that it is sent from: for scripts that run with every call of an agent.
///
/// Keys come first, then arguments, as many of both as were announced.
package struct ScriptCommand: ~Copyable, Sendable {
    let script: Script
    private var bytes: CommandBytes
    /// Where the count of keys begins, behind the script's name.
    private let tail: Int
    /// What decides where it is sent: the slot of its first key, and where that was written.
    private var first: (slot: HashSlot, at: Int)?
    /// Where a key of another slot was written.
    private var stranger: Int?

    package init(_ script: Script, keys: Int, arguments: Int) {
        self.script = script
        bytes = CommandBytes(capacity: 192 + 80 * keys + 32 * arguments)
        bytes.header(UInt8(ascii: "*"), 3 + keys + arguments)
        bytes.append(script.callByDigest)
        tail = bytes.count
        bytes.bulk(Int64(keys))
    }

    /// Adds a key.
    package mutating func key(_ key: String) {
        note(HashSlot(key: key.utf8))
        bytes.bulk(key)
    }

    /// Adds the key that is `base` and `name` together.
    package mutating func key(_ base: borrowing KeyBase, _ name: String) {
        note(base.slot)
        bytes.bulk(base.bytes, name)
    }

    /// Adds the key that is `base` and so many bytes behind it, which `write` writes to where they begin.
    @inline(__always)
    package mutating func key(_ base: borrowing KeyBase, _ length: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Void) {
        note(base.slot)
        bytes.bulk(base.bytes, length, write)
    }

    /// Adds all of the run's keys.
    package mutating func keys(_ run: borrowing KeyRun) {
        note(run.slot)
        bytes.append(run.encoded)
    }

    /// Adds a text.
    package mutating func argument(_ text: String) { bytes.bulk(text) }

    /// Adds an integer.
    package mutating func argument(_ number: Int64) { bytes.bulk(number) }

    /// Adds bytes.
    package mutating func argument(_ argument: [UInt8]) { argument.withUnsafeBytes { bytes.bulk($0) } }

    /// Adds a text of so many bytes, which `write` writes to where they begin.
    @inline(__always)
    package mutating func argument(_ length: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Void) { bytes.bulk([], length, write) }

    /// Adds the text that `body` writes.
    @inline(__always)
    package mutating func argument(_ body: (inout CommandBytes) -> Void) { bytes.written(body) }

    @inline(__always)
    private mutating func note(_ slot: HashSlot) {
        if let first {
            if first.slot != slot, stranger == nil { stranger = bytes.count }
        } else {
            first = (slot, bytes.count)
        }
    }

    /// The one slot of all keys; nil for none.
    func slot() throws(RedisError) -> HashSlot? {
        if let first, let stranger { throw .crossSlot(bytes.text(at: first.at), bytes.text(at: stranger)) }
        return first?.slot
    }

    /// By the script's digest.
    var byDigest: EncodedCommand { EncodedCommand(bytes) }

    /// With the script's source.
    var bySource: EncodedCommand {
        EncodedCommand(bytes).withBytes { written in
            var whole = CommandBytes(capacity: 128 + script.source.count + written.count)
            whole.append(UnsafeRawBufferPointer(rebasing: written.prefix { $0 != UInt8(ascii: "$") }))
            whole.bulk("EVAL")
            script.source.withUnsafeBytes { whole.bulk($0) }
            whole.append(UnsafeRawBufferPointer(rebasing: written[tail...]))
            return EncodedCommand(whole)
        }
    }
}
