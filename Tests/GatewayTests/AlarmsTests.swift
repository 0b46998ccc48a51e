import NIOCore
import NIOPosix
import Testing

@testable import Gateway

@Suite("Alarms")
struct AlarmsTests {
    /// What has rung, in order.
    private final class Rung {
        var names: [String] = []
    }

    /// Runs the body on a loop, and answers what has rung when one of its alarms, set for `time`, says so.
    private func rung(
        within time: TimeAmount = .milliseconds(400), _ body: @escaping @Sendable (Alarms, Rung) -> Void
    ) async throws -> (names: [String], left: Int) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let over = loop.makePromise(of: (names: [String], left: Int).self)
        loop.execute {
            let (alarms, rung) = (Alarms(loop), Rung())
            body(alarms, rung)
            _ = alarms.set(in: time) { over.succeed((rung.names, alarms.count)) }
        }
        let found = try await over.futureResult.get()
        try await group.shutdownGracefully()
        return found
    }

    private static func named(_ name: String, in milliseconds: Int64, _ alarms: Alarms, _ rung: Rung) -> Alarms.Alarm {
        alarms.set(in: .milliseconds(milliseconds)) { rung.names.append(name) }
    }

    @Test("ring once each, in the order of their times, those of the past first")
    func order() async throws {
        let found = try await rung { alarms, rung in
            for (name, time) in [("c", Int64(220)), ("a", -1000), ("b", 110)] { _ = Self.named(name, in: time, alarms, rung) }
        }
        #expect(found.names == ["a", "b", "c"] && found.left == 0)
    }

    @Test("do not ring when they were cancelled, before or by another of the same time; to cancel one that has rung does nothing")
    func cancelled() async throws {
        let found = try await rung { alarms, rung in
            let gone = Self.named("gone", in: 100, alarms, rung)
            gone.cancel()
            gone.cancel()
            var pair: [Alarms.Alarm] = []
            for name in ["one", "other"] {
                pair.append(
                    alarms.set(in: .milliseconds(100)) {
                        rung.names.append("of two")
                        for alarm in pair { alarm.cancel() }
                        _ = name
                    })
            }
            let late = Self.named("late", in: 200, alarms, rung)
            _ = alarms.set(in: .milliseconds(300)) { late.cancel() }
        }
        #expect(found.names == ["of two", "late"] && found.left == 0)
    }

    @Test("can be set for a step, ahead of which nothing has passed for those who ask, and in which whole steps are counted")
    func steps() async throws {
        let found = try await rung { alarms, rung in
            let begun = alarms.now
            _ = alarms.set(at: begun + 2) { rung.names.append(alarms.now >= begun + 2 ? "in time" : "early") }
            _ = alarms.set(at: begun - 5) { rung.names.append("late") }
        }
        #expect(found.names == ["late", "in time"] && found.left == 0)
        #expect([0, 1, 50, 51].map { Alarms.steps(.milliseconds($0)) } == [0, 1, 1, 2])
    }

    @Test("can be set by one that rings, also when there is no other any more")
    func again() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let over = loop.makePromise(of: Void.self)
        loop.execute {
            let alarms = Alarms(loop)
            _ = alarms.set(in: .milliseconds(60)) {
                // the timer has stopped by then
                loop.assumeIsolated().scheduleTask(in: .milliseconds(200)) {
                    _ = alarms.set(in: .milliseconds(1)) {
                        _ = alarms.set(in: .milliseconds(1)) { over.succeed() }
                    }
                }
            }
        }
        try await over.futureResult.get()
        try await group.shutdownGracefully()
    }

    @Test("are cancelled in no time, however many there are")
    func many() async throws {
        let found = try await rung { alarms, rung in
            let all = (0..<40_000).map { Self.named("x", in: Int64($0 % 7000) + 60_000, alarms, rung) }
            let begun = NIODeadline.now()
            for alarm in all { alarm.cancel() }
            if .now() - begun > .seconds(10) { rung.names.append("slow") }
        }
        #expect(found.names == [] && found.left == 0)
    }
}
