import NIOCore

/// One message on its way to a process. Bound to the pipe's event loop.
final class MessageWrite {
    let bytes: ByteBuffer
    /// Told once what became of it; nil where nobody waits.
    private var done: ((HTTPFailure?) -> Void)?
    var timeout: Scheduled<Void>?
    /// From then on the process may have all of it.
    var hasBegun = false

    /// The message on one line: JSON has newlines only between its tokens, so spaces mean the same.
    init(_ message: [UInt8], _ done: ((HTTPFailure?) -> Void)?) {
        var buffer = ByteBufferAllocator().buffer(capacity: message.count + 1)
        if message.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
            buffer.writeBytes(message.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })
        } else {
            buffer.writeBytes(message)
        }
        buffer.writeInteger(UInt8(0x0A))
        bytes = buffer
        self.done = done
    }

    /// Tells what became of it; later outcomes are nobody's concern.
    func finish(_ failure: HTTPFailure?) {
        timeout?.cancel()
        timeout = nil
        let done = done
        self.done = nil
        done?(failure)
    }
}
