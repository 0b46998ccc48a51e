import NIOCore
import Secrets

/// The lines of a request's head but for its content length, built once for all requests alike.
struct RequestHead: Sendable, Redacted {
    private let bytes: SecretBytes

    /// The lines, each ended; they may hold credentials, so that they are overwritten where they were.
    init(taking bytes: inout [UInt8]) { self.bytes = SecretBytes(taking: &bytes) }

    /// The whole request as it goes on the wire, with further header lines of its own.
    func request(_ body: [UInt8], extra: [HeaderLine] = []) -> ByteBuffer {
        let more = extra.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        var buffer = ByteBufferAllocator().buffer(capacity: bytes.count + body.count + more + 40)
        _ = bytes.withUnsafeBytes { buffer.writeBytes($0) }
        for line in extra { buffer.writeString("\(line.name): \(line.value)\r\n") }
        buffer.writeStaticString("Content-Length: ")
        Self.write(decimal: body.count, to: &buffer)
        buffer.writeInteger(0x0D0A_0D0A as UInt32)
        buffer.writeBytes(body)
        return buffer
    }

    private static func write(decimal number: Int, to buffer: inout ByteBuffer) {
        var digits: InlineArray<20, UInt8> = .init(repeating: 0)
        var start = 20
        var rest = number
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        } while rest > 0
        digits.span.withUnsafeBytes { _ = buffer.writeBytes($0[start...]) }
    }
}
