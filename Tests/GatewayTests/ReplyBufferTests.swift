import NIOCore
import Testing

@testable import Gateway

@Suite("The memory in which answers are put together")
struct ReplyBufferTests {
    private func address(_ buffer: ByteBuffer) -> Int { buffer.withUnsafeReadableBytes { Int(bitPattern: $0.baseAddress) } }

    @Test("is the same for the next answer, once the one before is sent")
    func isKept() {
        let replies = ReplyBuffer()
        var addresses: Set<Int> = []
        for _ in 0..<8 { addresses.insert(address(replies.filled(reserving: 100) { $0.writeString("abc") })) }
        #expect(addresses.count == 1)
    }

    @Test("is another one for the next answer, as long as the one before is not sent")
    func isNotOverwritten() {
        let replies = ReplyBuffer()
        let first = replies.filled(reserving: 100) { $0.writeString("first") }
        let second = replies.filled(reserving: 100) { $0.writeString("second") }
        #expect(String(buffer: first) == "first" && String(buffer: second) == "second")
    }

    @Test("of a long answer is its own")
    func longOnes() {
        let replies = ReplyBuffer()
        let long = replies.filled(reserving: 1 << 20) { $0.writeRepeatingByte(1, count: 1 << 20) }
        let next = replies.filled(reserving: 100) { $0.writeString("next") }
        #expect(long.readableBytes == 1 << 20 && next.storageCapacity < 1 << 10)
    }

    @Test("takes numbers in decimal digits", arguments: [0, 7, 10, 305, 99_999_999, 100_000_000, Int.max])
    func numbers(_ number: Int) {
        var out = ByteBuffer(string: "x")
        out.write(decimal: number)
        out.writeString("y")
        #expect(String(buffer: out) == "x\(number)y")
    }
}
