import NIOCore
import NIOPosix
import Testing

@testable import Upstreams

@Suite("Waiting for changes")
struct BellTests {
    @Test("a change between looking and waiting is not missed, and a deadline and a cancellation end the wait")
    func waits() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bell = Bell()
        bell.ring()
        #expect(await bell.wait(after: 0, until: .distantFuture, on: group.next()) == 1)
        #expect(await bell.wait(after: 1, until: .now() + .milliseconds(20), on: group.next()) == 1)
        async let waiting = bell.wait(after: 1, until: .now() + .seconds(20), on: group.next())
        bell.ring()
        #expect(await waiting == 2)
        let task = Task { await bell.wait(after: 2, until: .now() + .seconds(20), on: group.next()) }
        task.cancel()
        #expect(await task.value == 2)
        try await group.shutdownGracefully()
    }

    @Test("pauses grow to their bound and begin anew")
    func backoff() {
        var backoff = Backoff(from: .milliseconds(100), to: .seconds(30))
        for failure in 0..<40 { #expect(backoff.next() <= min(.seconds(30), .milliseconds(100) * (1 << min(failure, 12)))) }
        backoff.reset()
        #expect(backoff.next() <= .milliseconds(100))
    }
}
