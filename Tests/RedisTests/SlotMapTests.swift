import Testing

@testable import Redis

@Suite("what is known of a cluster's slots")
struct SlotMapTests {
    private static let asked = ServerAddress(host: "asked", port: 1)

    private func text(_ text: String) -> RedisValue { .string(Array(text.utf8)) }

    private func server(_ host: RedisValue, _ port: Int64, _ id: String, _ facts: RedisValue...) -> RedisValue {
        .array([host, .integer(port), text(id)] + facts)
    }

    private func entry(_ first: Int64, _ last: Int64, _ servers: RedisValue...) -> RedisValue {
        .array([.integer(first), .integer(last)] + servers)
    }

    private func view(_ entries: RedisValue..., nodes: RedisValue? = nil) -> ClusterView? {
        ClusterView(slots: .array(entries), nodes: nodes, asked: Self.asked)
    }

    @Test("a server's words are read: ranges, masters, replicas, epochs")
    func reads() throws {
        let nodes = """
            aa 10.0.0.1:7000@17000,one.example myself,master - 0 0 7 connected 0-99 200 [300->-bb]
            bb 10.0.0.2:7000@17000 master - 0 1 9 connected 100-199
            cc 10.0.0.3:7000@17000 slave aa 0 1 7 connected
            short line
            """
        let said = try #require(
            view(
                entry(0, 99, server(text("10.0.0.1"), 7000, "aa"), server(text("10.0.0.3"), 7000, "cc")),
                entry(100, 199, server(text("10.0.0.2"), 7000, "bb")), entry(200, 200, server(text("10.0.0.1"), 7000, "aa")),
                nodes: text(nodes)))
        let one = SlotMap.Master(address: ServerAddress(host: "10.0.0.1", port: 7000), id: "aa", epoch: 7)
        let two = SlotMap.Master(address: ServerAddress(host: "10.0.0.2", port: 7000), id: "bb", epoch: 9)
        #expect(said.claims.map(\.slots) == [0...99, 100...199, 200...200])
        #expect(said.claims.map(\.master) == [one, two, one])
        #expect(said.replicas == [ServerAddress(host: "10.0.0.3", port: 7000)])
        #expect(said.ids == ["aa", "bb", "cc"])
    }

    @Test("no host is the one that was asked; a host that nobody knows is the address beside it, or none")
    func hosts() throws {
        let facts = RedisValue.array([text("ip"), text("10.1.1.1")])
        let said = try #require(
            view(
                entry(0, 0, server(.null, 1, "a")), entry(1, 1, server(text(""), 2, "b")), entry(2, 2, server(text("?"), 3, "c", facts)),
                entry(3, 3, server(text("?"), 4, "d")), entry(4, 4, server(text("name.example"), 5, "e", .array([])))))
        #expect(said.claims.map(\.master.address.description) == ["asked:1", "asked:2", "10.1.1.1:3", "name.example:5"])
        #expect(said.claims.map(\.slots) == [0...0, 1...1, 2...2, 4...4])
    }

    @Test("what cannot be true is not taken")
    func nonsense() {
        let fine = server(text("h"), 1, "a")
        #expect(view(entry(0, 16_383, fine)) != nil)
        let odd: [RedisValue] = [
            .null, .integer(1), .array([]), entry(0, 1), entry(-1, 1, fine), entry(2, 1, fine), entry(0, 16_384, fine),
            .array([text("x"), .integer(1), fine]), entry(0, 1, .array([text("h")])), entry(0, 1, server(text("h"), 0, "a")),
            entry(0, 1, server(text("h"), 65_536, "a")), entry(0, 1, server(text("h h"), 1, "a")), entry(0, 1, server(text("?"), 1, "a")),
            entry(0, 1, server(text(String(repeating: "h", count: 256)), 1, "a")),
        ]
        for odd in odd { #expect(view(odd) == nil, "\(odd)") }
        #expect(view() == nil)
        #expect(view(entry(0, 5, fine), entry(5, 9, server(text("i"), 1, "b"))) == nil)
        #expect(ClusterView(slots: .error("ERR no"), nodes: nil, asked: Self.asked) == nil)
        #expect(ClusterView(slots: .array([RedisValue](repeating: entry(0, 0, fine), count: 16_385)), nodes: nil, asked: Self.asked) == nil)
    }

    @Test("a redirection names a slot and a server; an empty host is the one that was asked")
    func redirections() throws {
        func read(_ text: String) -> String? {
            Redirection(text, asked: "asked").map { "\($0.kind) \($0.slot.number) \($0.address)" }
        }
        #expect(read("MOVED 3999 127.0.0.1:6381") == "moved 3999 127.0.0.1:6381")
        #expect(read("ASK 0 name.example:1") == "ask 0 name.example:1")
        #expect(read("MOVED 16383 2001:db8::1:65535") == "moved 16383 [2001:db8::1]:65535")
        #expect(read("MOVED 1 :7000") == "moved 1 asked:7000")
        for odd in [
            "MOVED", "MOVED 1", "MOVED 16384 h:1", "MOVED -1 h:1", "MOVED x h:1", "MOVED 1 h", "MOVED 1 h:0", "MOVED 1 h:65536",
            "MOVED 1 ?:1",
            "MOVED 1 h:1 ", "moved 1 h:1", "TRYAGAIN 1 h:1", "MOVED  1 h:1", "MOVED 1 h:x",
        ] { #expect(read(odd) == nil, "\(odd)") }
    }

    @Test("of servers that disagree the higher epoch counts, in any order and against what was known; what nobody claims stays")
    func disagreement() throws {
        let (a, b) = (master("a", 1), master("b", 2))
        var map = SlotMap()
        #expect(take(&map, [said([(0...99, a), (100...199, b)])]) == false)
        #expect(owners(map, 0, 99, 100, 199, 200) == ["a", "a", "b", "b", nil])
        // `c` was elected in the place of `a`; one server has not heard of it yet.
        let (old, new) = (said([(0...99, a)]), said([(0...99, master("c", 3))]))
        for order in [[old, new], [new, old]] {
            var map = map
            let hasTakenOver = map.take(order)
            #expect(hasTakenOver)
            #expect(owners(map, 0, 99, 100) == ["c", "c", "b"])
            #expect(map.masters.map(\.id).sorted() == ["b", "c"])
        }
        #expect(take(&map, [new]) == true)
        #expect(take(&map, [said([(0...99, a), (100...199, b)], ids: ["a", "b", "c"])]) == false)
        #expect(owners(map, 0, 100) == ["c", "b"])
        // Another cluster stands at these addresses now: nobody knows `c`.
        #expect(take(&map, [said([(0...99, a)])]) == true)
        #expect(owners(map, 0, 100) == ["a", "b"])
    }

    @Test("a slot that moved is its new owner's at once, and no take-over; an owner whose epoch has risen has been another's in between")
    func moves() throws {
        let (a, b) = (master("a", 1), master("b", 2))
        var map = SlotMap()
        _ = map.take([said([(0...99, a), (100...199, b)])])
        let slot = try #require(HashSlot(number: 7))
        let (first, second) = (map.move(slot, to: b.address), map.move(slot, to: ServerAddress(host: "n", port: 1)))
        #expect(first == 1 && second == 2)
        #expect(owners(map, 6, 7, 8) == ["a", "n", "a"])
        #expect(map.counts == [99, 100, 1])
        #expect(map.masters.map(\.address.host) == ["a", "b", "n"])
        var same = SlotMap()
        _ = same.take([said([(0...99, a), (100...199, b)])])
        #expect(take(&same, [said([(0...98, a), (99...199, b)])]) == false)
        #expect(take(&same, [said([(0...98, master("a", 5)), (99...199, b)])]) == true)
    }

    @Test(
        "whoever of those that are behind is heard with it, and whoever after it: what the newest says is what is known", arguments: 1...4)
    func walk(_ seed: Int) {
        var random = Generator(state: UInt64(seed))
        var history = [Truth()]
        var map = SlotMap()
        for _ in 1...40 {
            history.append(history[history.count - 1].next(using: &random))
            guard Bool.random(using: &random) else { continue }
            let behind = (0..<3).compactMap { _ in history.suffix(8).randomElement(using: &random)?.view }
            let newest = history[history.count - 1]
            _ = map.take((behind + [newest.view]).shuffled(using: &random))
            #expect(newest.isTold(by: map))
            _ = map.take(behind)
            #expect(newest.isTold(by: map))
        }
    }

    /// A cluster as it is: sixteen ranges of slots, each owned by a master under its epoch.
    private struct Truth {
        var owners = (0..<16).map { $0 % 4 }
        var epochs = [Int](1...8)

        /// A master is replaced by one that had no slots, or some slots move; who takes slots does so under a new epoch.
        func next(using random: inout Generator) -> Truth {
            var next = self
            let target = Int.random(in: 0..<8, using: &random)
            let old = owners[Int.random(in: 0..<16, using: &random)]
            let range = Int.random(in: 0..<16, using: &random)
            for index in owners.indices where owners.contains(target) ? index == range : owners[index] == old {
                next.owners[index] = target
            }
            next.epochs[target] = (epochs.max() ?? 0) + 1
            return next
        }

        private func master(_ range: Int) -> SlotMap.Master {
            let owner = owners[range]
            return SlotMap.Master(address: ServerAddress(host: "m\(owner)", port: 1), id: "m\(owner)", epoch: Int64(epochs[owner]))
        }

        var view: ClusterView {
            ClusterView(
                claims: owners.indices.map { .init(slots: $0 * 1_024...$0 * 1_024 + 1_023, master: master($0)) },
                replicas: [], ids: Set((0..<8).map { "m\($0)" }))
        }

        func isTold(by map: SlotMap) -> Bool {
            owners.indices.allSatisfy { range in
                [range * 1_024, range * 1_024 + 1_023].allSatisfy { slot in
                    HashSlot(number: UInt16(slot)).flatMap { map.owner(of: $0) }.map { map.masters[$0] } == master(range)
                }
            } && map.masters.count == Set(owners).count
        }
    }

    private func take(_ map: inout SlotMap, _ views: [ClusterView]) -> Bool { map.take(views) }

    private func master(_ name: String, _ epoch: Int64) -> SlotMap.Master {
        SlotMap.Master(address: ServerAddress(host: name, port: 1), id: name, epoch: epoch)
    }

    private func said(_ claims: [(ClosedRange<Int>, SlotMap.Master)], ids: Set<String>? = nil) -> ClusterView {
        ClusterView(claims: claims.map { .init(slots: $0.0, master: $0.1) }, ids: ids ?? Set(claims.map(\.1.id)))
    }

    private func owners(_ map: SlotMap, _ slots: UInt16...) -> [String?] {
        slots.map { HashSlot(number: $0).flatMap { map.owner(of: $0) }.map { map.masters[$0].address.host } }
    }

    /// SplitMix64.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }
}

extension ClusterView {
    init(claims: [Claim], ids: Set<String>) { self.init(claims: claims, replicas: [], ids: ids) }
}
