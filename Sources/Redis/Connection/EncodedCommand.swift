/// A command as it goes over the wire, an array of bulk strings: encoded once, however often it is sent.
struct EncodedCommand: Sendable {
    private let memory: CommandMemory
    /// Bytes.
    let count: Int

    /// What was written so far.
    init(_ written: borrowing CommandBytes) {
        memory = written.memory
        count = written.count
    }

    init(_ arguments: [RedisArgument]) { self.init(arguments, keys: [], []) }

    /// The command whose arguments are those of `head`, then the keys, then the rest.
    init(_ head: [RedisArgument], keys: [String], _ rest: [RedisArgument]) {
        var bytes = CommandBytes(capacity: 128 + 32 * (head.count + rest.count) + 64 * keys.count)
        bytes.header(UInt8(ascii: "*"), head.count + keys.count + rest.count)
        for argument in head { bytes.bulk(argument) }
        for key in keys { bytes.bulk(key) }
        for argument in rest { bytes.bulk(argument) }
        self.init(bytes)
    }

    /// What `body` makes of its bytes.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withExtendedLifetime(memory) { body(UnsafeRawBufferPointer(start: memory.start, count: count)) }
    }
}
