/// Memory that a command was written to and is sent from; its header is unused.
///
/// `@unchecked`: only the one `CommandBytes` that made it writes to it, which cannot be copied, and nobody reads before it is through.
final class CommandMemory: @unchecked Sendable {
    let start: UnsafeMutablePointer<UInt8>
    let capacity: Int

    init(capacity: Int) {
        start = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { start.deallocate() }
}
