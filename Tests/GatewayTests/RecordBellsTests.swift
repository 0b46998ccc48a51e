import Governance
import NIOCore
import NIOPosix
import Testing
import Upstreams

@testable import Gateway

@Suite("Retries that wait for a call to end", .timeLimit(.minutes(1)))
struct RecordBellsTests {
    private let record: RecordName
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    init() throws { record = try #require(RecordName(String(repeating: "a", count: 64))) }

    @Test("are all woken, and no others")
    func ring() async throws {
        let bells = RecordBells()
        let other = try #require(RecordName(String(repeating: "b", count: 64)))
        let (bell, same, silent) = (bells.join(record), bells.join(record), bells.join(other))
        #expect(bell === same)
        let waiters = (0..<5).map { _ in
            Task { await bell.wait(after: 0, until: .now() + .seconds(30), on: loop) }
        }
        bells.ring(record)
        for waiter in waiters { #expect(await waiter.value == 1) }
        #expect(silent.count == 0)
    }

    @Test("miss nothing that is told between their look and their wait")
    func early() async {
        let bells = RecordBells()
        let bell = bells.join(record)
        let seen = bell.count
        bells.ring(record)
        #expect(await bell.wait(after: seen, until: .now() + .seconds(30), on: loop) == 1)
    }

    @Test("leave nothing behind")
    func leave() {
        let bells = RecordBells()
        _ = (bells.join(record), bells.join(record))
        #expect(bells.count == 1)
        bells.leave(record)
        #expect(bells.count == 1)
        bells.leave(record)
        bells.leave(record)
        bells.ring(record)
        #expect(bells.count == 0)
    }
}
