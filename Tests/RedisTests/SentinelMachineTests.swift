import Testing

@testable import Redis

private func address(_ port: Int) -> ServerAddress { ServerAddress(host: "10.0.0.1", port: port) }
private let (first, second) = (address(6379), address(6380))
private let sentinels = (1...3).map { ServerAddress(host: "s\($0)", port: 26_379) }

@Suite("whom the sentinels make master")
struct SentinelMachineTests {
    @Test("the one that more than half name, once they do")
    func majority() {
        var machine = SentinelMachine(sentinels)
        let none = machine.heard(SentinelTestimony(id: "a", master: first), from: sentinels[0])
        #expect(none == SentinelMachine.Consequences() && machine.master == nil)
        let most = machine.heard(SentinelTestimony(id: "b", master: first), from: sentinels[1])
        #expect(most.master == first && machine.master == first)
        #expect(machine.heard(SentinelTestimony(id: "c", master: second), from: sentinels[2]).master == nil)
        #expect(machine.heard(SentinelTestimony(id: "a", master: second), from: sentinels[0]).master == second)
        #expect(machine.standing == (3, 3, 2))
    }

    @Test("what a sentinel said before it fell silent does not count")
    func silence() {
        var machine = SentinelMachine(sentinels)
        _ = machine.heard(SentinelTestimony(id: "a", master: first), from: sentinels[0])
        machine.silent(sentinels[0])
        #expect(machine.heard(SentinelTestimony(id: "b", master: first), from: sentinels[1]).master == nil)
        #expect(machine.standing == (3, 1, 1))
    }

    @Test("half is not enough; a sentinel that knows no such master has no vote")
    func half() {
        var machine = SentinelMachine(Array(sentinels.prefix(2)))
        #expect(machine.heard(SentinelTestimony(id: "a", master: first), from: sentinels[0]).master == nil)
        #expect(machine.heard(SentinelTestimony(id: "b", master: nil), from: sentinels[1]).master == nil)
        #expect(machine.heard(SentinelTestimony(id: "b", master: first), from: sentinels[1]).master == first)
    }

    @Test("one sentinel under two addresses has one vote")
    func twice() {
        var machine = SentinelMachine(sentinels)
        _ = machine.heard(SentinelTestimony(id: "a", master: first, others: ["c": sentinels[2]]), from: sentinels[0])
        let again = machine.heard(SentinelTestimony(id: "a", master: first, others: ["c": sentinels[2]]), from: sentinels[1])
        #expect(again.master == nil && machine.standing.known == 2)
        #expect(machine.heard(SentinelTestimony(id: "c", master: first), from: sentinels[2]).master == first)
    }

    @Test("one that was never reached by its name may be one that the others list: it is not counted twice")
    func deadFromTheStart() {
        var machine = SentinelMachine(sentinels)
        let dead = ["c": address(26_379)]
        _ = machine.heard(SentinelTestimony(id: "a", master: first, others: dead), from: sentinels[0])
        let both = machine.heard(SentinelTestimony(id: "b", master: first, others: dead), from: sentinels[1])
        #expect(both.master == first && both.learnt == [address(26_379)])
        #expect(machine.standing.known == 3)
        let found = machine.heard(SentinelTestimony(id: "c", master: first), from: sentinels[2])
        #expect(found.forgotten == [address(26_379)])
    }

    @Test("those that one lists are not believed; those that most list are asked, have votes, and are forgotten when listed no more")
    func listed() {
        var machine = SentinelMachine(sentinels)
        let more = ["d": address(1), "e": address(2)]
        #expect(machine.heard(SentinelTestimony(id: "a", master: first, others: more), from: sentinels[0]).learnt.isEmpty)
        #expect(machine.heard(SentinelTestimony(id: "d", master: first), from: address(1)) == SentinelMachine.Consequences())
        let second = machine.heard(SentinelTestimony(id: "b", master: first, others: more), from: sentinels[1])
        #expect(second == SentinelMachine.Consequences(learnt: [address(1), address(2)]))
        #expect(machine.standing.known == 4)
        // Another than the one listed stands in its place.
        #expect(machine.heard(SentinelTestimony(id: "x", master: first), from: address(1)).master == nil)
        #expect(machine.heard(SentinelTestimony(id: "d", master: first), from: address(1)).master == first)
        let fewer = machine.heard(SentinelTestimony(id: "a", master: first), from: sentinels[0])
        #expect(Set(fewer.forgotten) == [address(1), address(2)] && machine.standing.known == 3)
    }

    @Test("no more are asked than a bound, however many are listed")
    func bounded() {
        var machine = SentinelMachine(sentinels)
        let many = Dictionary(uniqueKeysWithValues: (1...60).map { ("x\($0)", address($0)) })
        _ = machine.heard(SentinelTestimony(id: "a", master: first, others: many), from: sentinels[0])
        _ = machine.heard(SentinelTestimony(id: "b", master: first, others: many), from: sentinels[1])
        #expect(machine.addresses.count == SentinelMachine.most)
    }

    @Test("answers that no sentinel gives are none", arguments: [0, 1, 2, 3, 4])
    func testimony(_ which: Int) {
        func text(_ text: String) -> RedisValue { .string(Array(text.utf8)) }
        let named = RedisValue.array([text("::1"), text("6379")])
        let other = RedisValue.array(["name", "n", "ip", "host.example", "port", "1", "runid", "b"].map(text))
        let odd = RedisValue.array([text("runid"), text("z"), text("port")])
        let whole = SentinelTestimony([.success(named), .success(text("a")), .success(.array([other, odd, .null]))])
        let host = ServerAddress(host: "host.example", port: 1)
        #expect(whole == SentinelTestimony(id: "a", master: ServerAddress(host: "::1", port: 6379), others: ["b": host]))
        let bad: [Result<RedisValue, RedisError>] = [
            .failure(.notSent("")), .success(.error("ERR unknown command")), .success(.array([text("h")])),
            .success(.array([text("h"), text("0")])), .success(.array([text("a b"), text("1")])),
        ]
        #expect(SentinelTestimony([bad[which], .success(text("a")), .success(.array([]))]) == nil)
        let unnamed = SentinelTestimony([.success(.null), .success(.error("NOPERM")), .success(.array([other]))])
        #expect(unnamed == SentinelTestimony(master: nil))
    }

    @Test("on random walks it never follows a minority, has one master at a time, and rests where the majority does", arguments: 0..<100)
    func walk(_ seed: Int) {
        var random = Seeded(UInt64(seed))
        let count = Int.random(in: 1...7, using: &random)
        let all = (0..<count).map { ServerAddress(host: "s\($0)", port: 1) }
        let configured = Array(all.prefix(Int.random(in: (count + 1) / 2...count, using: &random)))
        var world = World(all, configured: configured)
        for _ in 0..<300 { world.step(using: &random) }
        world.settle(on: second)
        #expect(world.machine.master == second)
        #expect(Set(world.machine.addresses) == Set(all))
    }
}

/// Sentinels that change their minds, fall silent, and are asked, in any order; and who is told what they say.
private struct World {
    private struct Truth {
        var master: ServerAddress?
        var isSilent = false
    }

    private let all: [ServerAddress]
    private var truths: [Truth]
    /// What each said last, unless it was silent since.
    private var said: [ServerAddress: ServerAddress] = [:]
    var machine: SentinelMachine

    init(_ all: [ServerAddress], configured: [ServerAddress]) {
        self.all = all
        truths = all.map { _ in Truth() }
        machine = SentinelMachine(configured)
    }

    mutating func step(using random: inout some RandomNumberGenerator) {
        let number = all.indices.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<4, using: &random) {
        case 0: truths[number].master = [first, second, nil].randomElement(using: &random) ?? nil
        case 1: truths[number].isSilent.toggle()
        default: ask(number)
        }
    }

    /// All name that master, and are asked until nobody new is learnt.
    mutating func settle(on master: ServerAddress) {
        for number in truths.indices { truths[number] = Truth(master: master) }
        for _ in 0..<2 { for number in all.indices { ask(number) } }
    }

    private mutating func ask(_ number: Int) {
        let address = all[number]
        // Nobody asks one that is not known.
        guard machine.addresses.contains(address) else { return }
        let before = machine.master
        if truths[number].isSilent {
            machine.silent(address)
            said[address] = nil
            #expect(machine.master == before)
            return
        }
        var others: [String: ServerAddress] = [:]
        for other in all.indices where other != number { others["id\(other)"] = all[other] }
        said[address] = truths[number].master
        let consequences = machine.heard(SentinelTestimony(id: "id\(number)", master: truths[number].master, others: others), from: address)
        #expect(consequences.master == (machine.master == before ? nil : machine.master))
        guard let master = consequences.master else { return }
        #expect(said.values.count { $0 == master } * 2 > machine.standing.known)
        #expect(machine.standing.known <= all.count)
    }
}

/// The same numbers each time.
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
