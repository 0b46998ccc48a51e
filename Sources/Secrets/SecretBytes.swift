import Glibc

/// Bytes that are overwritten before their memory is given back, and print as nothing. What never changes may be shared.
package final class SecretBytes: Sendable {
    // Written by `init` alone, and overwritten by `deinit`, when nobody else has it.
    nonisolated(unsafe) private let memory: UnsafeMutableRawBufferPointer
    /// Shown the memory as it is given back.
    private let witness: (@Sendable (UnsafeRawBufferPointer) -> Void)?

    /// A copy; what it was copied from is the caller's to overwrite.
    package convenience init(_ bytes: some Collection<UInt8>) { self.init(bytes, witness: nil) }

    /// The bytes, which are overwritten where they were unless somebody else has them too.
    package convenience init(taking bytes: inout [UInt8]) {
        self.init(bytes, witness: nil)
        bytes.withUnsafeMutableBytes { Self.overwrite($0) }
        bytes = []
    }

    init(_ bytes: some Collection<UInt8>, witness: (@Sendable (UnsafeRawBufferPointer) -> Void)?) {
        memory = .allocate(byteCount: bytes.count, alignment: 16)
        memory.copyBytes(from: bytes)
        self.witness = witness
    }

    deinit {
        Self.overwrite(memory)
        witness?(UnsafeRawBufferPointer(memory))
        memory.deallocate()
    }

    package var isEmpty: Bool { memory.isEmpty }
    package var count: Int { memory.count }

    /// Lends the bytes; a copy that `body` makes is its own to overwrite.
    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { body(UnsafeRawBufferPointer(memory)) }

    /// Writes zeros, which no optimizer takes for useless.
    package static func overwrite(_ memory: UnsafeMutableRawBufferPointer) {
        if let start = memory.baseAddress { explicit_bzero(start, memory.count) }
    }
}

extension SecretBytes: Hashable {
    /// Takes the same time wherever the bytes differ.
    package static func == (one: SecretBytes, other: SecretBytes) -> Bool {
        guard one.memory.count == other.memory.count else { return false }
        return zip(one.memory, other.memory).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(bytes: UnsafeRawBufferPointer(memory)) }
}

extension SecretBytes: CustomStringConvertible, CustomReflectable {
    package var description: String { "[redacted]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
