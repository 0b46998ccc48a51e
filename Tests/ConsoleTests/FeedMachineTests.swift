import Events
import Governance
import NIOCore
import Testing

@testable import Console

@Suite("What a feed sends next")
struct FeedMachineTests {
    @Test(
        "whatever is lost, late, doubled, trimmed or reset, a reader has every event once and in order, or is told of a gap",
        arguments: 0..<12)
    func walks(seed: Int) throws {
        var walk = try FeedRandomWalk(seed: UInt64(seed), resets: seed % 3 == 1, trims: seed % 3 == 2)
        try walk.run(steps: 3_000)
        #expect(walk.wrong.isEmpty, "seed \(seed): \(walk.wrong.prefix(3))")
        #expect(walk.events > 500)
        if seed % 3 == 0 { #expect(walk.gaps == 0, "seed \(seed)") }
    }

    @Test("nothing is listened to without a reader, and a reader that comes back in time finds it going on")
    func idle() {
        var machine = FeedMachine()
        #expect(!machine.isWanted)
        let reader = machine.open(EventFilter(), after: nil)
        #expect(machine.isWanted)
        machine.close(reader)
        machine.tick(now: 0) { 0 }
        machine.tick(now: machine.limits.linger - 1) { 0 }
        #expect(machine.isWanted)
        machine.tick(now: machine.limits.linger) { 0 }
        #expect(!machine.isWanted)
        #expect(machine.takeJobs(8).isEmpty)
    }

    @Test("a keep-alive is passed on though nothing numbers it, and only to whom its type interests")
    func keepAlive() throws {
        var world = try FeedWorld(tenants: 1)
        var machine = FeedMachine()
        let all = machine.open(EventFilter(), after: nil)
        let others = machine.open(EventFilter(types: ["tool_call"]), after: nil)
        machine.start(in: &world)
        #expect(machine.drain(all).count == 1 && machine.drain(others).count == 1, "greetings")
        let text = #"{"type":"session_keepalive","timestamp":"1","tenantId":"t0","epoch":"e1","data":{}}"#
        machine.heard(try #require(EventRecord(Array(text.utf8))))
        #expect(machine.drain(all) == [text])
        #expect(machine.drain(others).isEmpty)
    }

    @Test("a reader that does not take what the ring holds is told that it is too slow; one that still catches up is not")
    func slow() throws {
        var world = try FeedWorld(tenants: 1)
        let source = try #require(world.sources.last)
        var limits = FeedLimits()
        limits.ringItems = 8
        var machine = FeedMachine(limits: limits)
        for _ in 0..<20 { _ = world.publish(source, in: 0) }
        world.clock += 1
        let live = machine.open(EventFilter(), after: nil)
        machine.start(in: &world)
        #expect(machine.drain(live).count == 1, "its greeting")
        let late = machine.open(EventFilter(), after: EventCursor())
        for _ in 0..<9 {
            let record = world.publish(source, in: 1)
            machine.heard(try #require(record))
        }
        #expect(machine.hasLost(live) && !machine.hasLost(late))
        guard case .tooSlow = machine.take(live) else {
            Issue.record("it goes on")
            return
        }
        var texts: [String] = []
        for _ in 0..<20 {
            texts += machine.drain(late)
            machine.work(in: world)
        }
        #expect(texts.count == 1 + 29)
    }

    @Test("what others are sent makes nobody too slow, however much it is")
    func quiet() throws {
        var world = try FeedWorld(tenants: 2)
        let (noisy, calm) = (try #require(world.sources.last), try #require(world.sources.dropLast().last))
        var limits = FeedLimits()
        limits.ringItems = 8
        var machine = FeedMachine(limits: limits)
        for source in [noisy, calm] { _ = world.publish(source, in: 0) }
        world.clock += 1
        let (calmOnly, all) = (machine.open(EventFilter(sources: [calm]), after: nil), machine.open(EventFilter(), after: nil))
        machine.start(in: &world)
        #expect(machine.drain(calmOnly).count == 1 && machine.drain(all).count == 1, "greetings")
        for _ in 0..<30 {
            let record = world.publish(noisy, in: 1)
            machine.heard(try #require(record))
        }
        #expect(machine.hasLost(all) && !machine.hasLost(calmOnly))
        #expect(machine.drain(calmOnly).isEmpty)
        let own = world.publish(calm, in: 1)
        machine.heard(try #require(own))
        #expect(machine.drain(calmOnly).count == 1)
        for _ in 0..<30 {
            let record = world.publish(calm, in: 1)
            machine.heard(try #require(record))
        }
        #expect(machine.hasLost(calmOnly))
    }
}

extension FeedMachine {
    /// Brings it to where it follows the world.
    mutating func start(in world: inout FeedWorld) {
        ready(time: world.stamp)
        for _ in 0..<10 { work(in: world) }
        _ = takeCalled()
    }

    /// Does what is to be read.
    mutating func work(in world: FeedWorld) {
        for job in takeJobs(8) {
            switch job {
            case .sources(let era): listed(world.sources, era: era)
            case .baseline(let source, let limit, let era): located(source, world.newest(source, limit: limit), limit: limit, era: era)
            case .timeline(let source, let after, let era): read(source, world.page(source, after: after, limit: limits.page), era: era)
            case .errand(let id, let source, let after): read(for: id, world.page(source, after: after, limit: limits.page))
            }
        }
    }

    /// What the reader is given until there is nothing, as text.
    mutating func drain(_ id: ReaderID) -> [String] {
        var texts: [String] = []
        while true {
            switch take(id) {
            case .nothing, .tooSlow: return texts
            case .greeting(let cursor): texts.append(cursor.text)
            case .items(let items): texts += items.map { String(buffer: $0.text) }
            }
        }
    }
}
