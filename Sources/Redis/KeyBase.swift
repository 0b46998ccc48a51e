/// What some keys begin with, their hash tag included, kept as it is written: all such keys are in one slot.
package struct KeyBase: Sendable, Hashable {
    package let text: String
    let bytes: [UInt8]
    let slot: HashSlot

    /// `{tag}` between the prefix and the rest. There is no brace in the prefix nor in the tag, which is not empty.
    package init(_ prefix: String = "", tag: String, _ rest: String = "") {
        self.init(text: "\(prefix){\(tag)}\(rest)", slot: HashSlot(key: tag.utf8))
    }

    private init(text: String, slot: HashSlot) {
        self.text = text
        self.slot = slot
        bytes = Array(text.utf8)
    }

    /// What keys begin with that begin with both.
    package static func + (base: KeyBase, more: String) -> KeyBase { KeyBase(text: base.text + more, slot: base.slot) }
}

/// Keys that always go together, kept as they are written.
package struct KeyRun: Sendable, Hashable {
    let encoded: [UInt8]
    let count: Int
    let slot: HashSlot

    /// The keys that begin with the base and end in each of the names.
    package init(_ base: KeyBase, _ names: [String]) {
        slot = base.slot
        count = names.count
        encoded = names.flatMap { Array("$\(base.bytes.count + $0.utf8.count)\r\n\(base.text)\($0)\r\n".utf8) }
    }
}
