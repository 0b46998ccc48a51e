import NIOCore

/// The memory in which the answers of one event loop are put together, one after the other. Belongs to its loop.
final class ReplyBuffer {
    private var buffer = ByteBuffer()
    /// Bytes of memory that is kept between two answers; a longer one gets its own.
    private static let mostKept = 64 << 10

    /// What `write` writes, in memory for so many bytes.
    func filled(reserving size: Int, _ write: (inout ByteBuffer) -> Void) -> ByteBuffer {
        guard size <= Self.mostKept else {
            var long = ByteBuffer()
            long.reserveCapacity(size)
            write(&long)
            return long
        }
        // Where a socket still has to send the answer before, this takes new memory.
        buffer.clear(minimumCapacity: size)
        write(&buffer)
        return buffer
    }
}

extension ByteBuffer {
    /// Writes a number that is not negative in decimal digits.
    mutating func write(decimal number: Int) {
        guard number < 100_000_000 else {
            writeString(String(number))
            return
        }
        // The digits of a word, of which as many are taken as there are.
        var digits: UInt64 = 0
        var count = 0
        var rest = number
        repeat {
            digits = digits << 8 | UInt64(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
            count += 1
        } while rest > 0
        writeInteger(digits, endianness: .little)
        moveWriterIndex(to: writerIndex - (8 - count))
    }
}
