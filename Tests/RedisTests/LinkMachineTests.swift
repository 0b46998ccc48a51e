import NIOCore
import Testing

@testable import Redis

private let master = RedisValue.array([.string(Array("master".utf8)), .integer(0), .array([])])
private let time = RedisValue.array([.string(Array("1700000000".utf8)), .string(Array("0".utf8))])
private let info = RedisValue.string(Array("# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n".utf8))
private let ok = RedisValue.string(Array("OK".utf8))

@Suite("what becomes of a link")
struct LinkMachineTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func machine(
        as credentials: RedisCredentials? = nil, _ change: (inout RedisConfiguration) -> Void = { _ in }
    ) -> Subject {
        var configuration = RedisConfiguration(host: "h")
        change(&configuration)
        return Subject(LinkMachine(configuration: configuration), as: credentials, start)
    }

    /// A machine, and shorthands for what happens to it.
    private final class Subject {
        private var machine: LinkMachine<String>
        private let credentials: RedisCredentials?
        private let now: NIODeadline

        init(_ machine: LinkMachine<String>, as credentials: RedisCredentials?, _ now: NIODeadline) {
            self.machine = machine
            self.credentials = credentials
            self.now = now
        }

        var isReady: Bool { machine.isReady }
        var nextExpiry: NIODeadline? { machine.nextExpiry }
        func start() -> Bool { machine.start(now: now) }
        func rested() -> Bool { machine.rested(now: now) }
        @discardableResult func opened() -> [[RedisArgument]]? { machine.opened(now: now, as: credentials) }
        func stop() -> [String] { machine.stop().map(\.1.label) }
        func expire(after time: TimeAmount) -> LinkMachine<String>.Expiry { machine.expire(now: now + time) }

        @discardableResult
        func lost(after time: TimeAmount = .zero) -> LinkMachine<String>.Loss {
            machine.lost(because: .unavailable("gone"), now: now + time)
        }

        /// Shakes hands; what was released by it.
        @discardableResult
        func greet() -> [String] {
            _ = machine.opened(now: now, as: credentials)
            for reply in [ok, master, info] { _ = machine.received(reply, now: now) }
            guard case .ready(let items, let arrival) = machine.received(time, now: now), arrival.time == time else { return ["not ready"] }
            return items
        }

        @discardableResult
        func submit(_ item: String, for time: TimeAmount = .seconds(2)) -> String {
            switch machine.submit(item, bytes: 100, deadline: now + time, now: now) {
            case .send: "send"
            case .wait: "wait"
            case .refuse(let error): error.label
            }
        }

        @discardableResult
        func received(_ reply: RedisValue) -> String {
            switch machine.received(reply, now: now) {
            case .nothing: "nothing"
            case .ready: "ready"
            case .answer(let item): item
            case .broken(let error): error.label
            }
        }
    }

    /// A machine that has shaken hands.
    private func ready(_ change: (inout RedisConfiguration) -> Void = { _ in }) -> Subject {
        let machine = machine(change)
        _ = machine.start()
        machine.greet()
        return machine
    }

    @Test("the handshake says who we are, asks whether it is a master, and what time it is")
    func handshake() throws {
        let machine = machine(as: .init(user: "gw", password: "pw")) { $0.database = 2 }
        #expect(machine.start())
        #expect(!machine.start())
        let commands = try #require(machine.opened())
        #expect(
            commands == [
                ["AUTH", "gw", .bytes(Array("pw".utf8))], ["SELECT", 2], ["CLIENT", "SETNAME", "satgate"], ["ROLE"], ["INFO", "server"],
                ["TIME"],
            ])
        for _ in 0..<3 { #expect(machine.received(ok) == "nothing") }
        #expect(machine.received(master) == "nothing")
        #expect(machine.received(info) == "nothing")
        #expect(!machine.isReady)
        #expect(machine.received(time) == "ready")
        #expect(machine.isReady)
    }

    @Test("a refused password, a replica, an error to TIME end the attempt; a refused name does not")
    func refusedHandshake() {
        let wrong = machine(as: .init(user: nil, password: "pw"))
        _ = wrong.start()
        wrong.opened()
        #expect(wrong.received(.error("WRONGPASS no")) == "server_error")
        let replica = machine()
        _ = replica.start()
        replica.opened()
        #expect(replica.received(.error("NOPERM no")) == "nothing")
        #expect(replica.received(.array([.string(Array("slave".utf8))])) == "not_sent")
    }

    @Test("commands are answered in their order; one that waited is released when the link is ready")
    func order() {
        let machine = machine()
        #expect(machine.submit("a") == "wait")
        #expect(machine.submit("b") == "wait")
        #expect(machine.start())
        #expect(machine.greet() == ["a", "b"])
        #expect(machine.submit("c") == "send")
        for item in ["a", "b", "c"] { #expect(machine.received(.integer(1)) == item) }
        #expect(machine.received(.integer(1)) == "protocol_violation")
    }

    @Test("one that ran out of time keeps its place in line")
    func lateReply() {
        let machine = ready()
        machine.submit("short", for: .milliseconds(10))
        machine.submit("long")
        #expect(machine.nextExpiry == start + .milliseconds(10))
        let expiry = machine.expire(after: .milliseconds(10))
        #expect(expiry.failed.map(\.0) == ["short"])
        #expect(expiry.failed.map(\.1.label) == ["unavailable"])
        #expect(expiry.broken == nil)
        #expect(machine.nextExpiry == start + .seconds(2))
        #expect(machine.received(.integer(1)) == "nothing")
        #expect(machine.received(.integer(2)) == "long")
        #expect(machine.nextExpiry == nil)
    }

    @Test("the connection is given up when its oldest command has waited twice the timeout")
    func stall() {
        let machine = ready()
        machine.submit("a")
        #expect(machine.expire(after: .seconds(3)).broken == nil)
        #expect(machine.nextExpiry == start + .seconds(4))
        #expect(machine.expire(after: .seconds(4)).broken?.label == "unavailable")
    }

    @Test("a lost connection fails what was sent and keeps what was not")
    func loss() {
        let machine = ready()
        machine.submit("sent")
        let loss = machine.lost()
        #expect(loss.failed == ["sent"])
        #expect(loss.failures == 1)
        #expect(machine.submit("waiting", for: .seconds(1)) == "wait")
        #expect(machine.lost().failures == nil)
        let expiry = machine.expire(after: .seconds(1))
        #expect(expiry.failed.map(\.0) == ["waiting"])
        #expect(expiry.failed.map(\.1.label) == ["not_sent"])
    }

    @Test("failures in a row are counted, until a connection has lasted")
    func failures() {
        let machine = machine()
        _ = machine.start()
        for count in 1...5 {
            #expect(machine.lost().failures == count)
            #expect(machine.rested())
            #expect(!machine.rested())
        }
        machine.greet()
        #expect(machine.lost().failures == 6)
        _ = machine.rested()
        machine.greet()
        #expect(machine.lost(after: .seconds(1)).failures == 1)
    }

    @Test("a handshake without an end is given up")
    func silentHandshake() {
        let machine = machine { $0.connectTimeout = .milliseconds(300) }
        _ = machine.start()
        machine.opened()
        #expect(machine.nextExpiry == start + .milliseconds(300))
        #expect(machine.expire(after: .milliseconds(300)).broken?.label == "not_sent")
    }

    @Test("commands and bytes beyond the bounds are refused; answers and losses make room")
    func bounds() {
        let machine = ready { configuration in
            configuration.pendingCommands = 3
            configuration.pendingBytes = 250
        }
        #expect(machine.submit("a") == "send")
        #expect(machine.submit("b") == "send")
        #expect(machine.submit("c") == "not_sent")
        #expect(machine.received(.null) == "a")
        #expect(machine.submit("d") == "send")
        machine.lost()
        #expect(machine.submit("e") == "wait")
        #expect(machine.submit("f") == "wait")
        #expect(machine.submit("g") == "not_sent")
        _ = machine.expire(after: .seconds(2))
        #expect(machine.submit("h") == "wait")
    }

    @Test("stopped, it fails everything and can be started again")
    func stop() {
        let machine = ready()
        machine.submit("sent")
        #expect(machine.stop() == ["unavailable"])
        #expect(machine.lost().failures == nil)
        #expect(machine.submit("late") == "not_sent")
        #expect(machine.start())
        #expect(machine.submit("waiting") == "wait")
        #expect(machine.greet() == ["waiting"])
    }

    @Test("the wait before an attempt doubles up to half a second, of which the upper half is random")
    func backoff() {
        var random = SystemRandomNumberGenerator()
        for (failures, full) in [(1, 10), (2, 20), (3, 40), (6, 320), (7, 500), (60, 500)] {
            for _ in 0..<100 {
                let delay = Backoff.reconnect.delay(after: failures, using: &random)
                #expect(delay >= .milliseconds(full) / 2 && delay <= .milliseconds(full))
            }
        }
    }
}
