import Fixtures
import Synchronization

@testable import Redis

/// A sentinel that says what a test has it say.
final class FakeSentinel: Sendable {
    private struct Script {
        let id: String
        var master: Int?
        var others: [String: Int]
        var isSilent = false
        var asked = 0
    }

    private let script: Mutex<Script>
    private let server = Mutex<FakeRedis?>(nil)

    var port: Int { server.withLock { $0?.port } ?? 0 }
    /// How often it was asked for the master.
    var asked: Int { script.withLock { $0.asked } }

    /// One that names the master at that port of 127.0.0.1 (nil: none), and lists other sentinels by id and port.
    init(_ id: String, naming master: Int?, listing others: [String: Int] = [:]) async throws {
        script = Mutex(Script(id: id, master: master, others: others))
        let server = try await FakeRedis.start { [weak self] in self?.answer($0) ?? .hangUp }
        self.server.withLock { $0 = server }
    }

    /// Three that name the same.
    static func three(naming master: Int?) async throws -> [FakeSentinel] {
        var all: [FakeSentinel] = []
        for id in ["a", "b", "c"] { all.append(try await FakeSentinel(id, naming: master)) }
        return all
    }

    /// From now on it names that one.
    func name(_ master: Int?) { script.withLock { $0.master = master } }

    /// From now on it does not answer.
    func silence() { script.withLock { $0.isSilent = true } }

    /// True once it was asked so many times more.
    func isAsked(_ times: Int) async -> Bool {
        let before = asked
        return await eventually { self.asked >= before + times }
    }

    /// Closes its port.
    func stop() async throws { try await server.withLock { $0 }?.stop() }

    private func answer(_ command: [String]) -> FakeRedis.Answer {
        script.withLock { script in
            guard !script.isSilent else { return .nothing }
            switch command.prefix(2) {
            case ["SENTINEL", "MYID"]: return .text(Self.bulk(script.id))
            case ["SENTINEL", "GET-MASTER-ADDR-BY-NAME"]:
                script.asked += 1
                return .text(script.master.map { Self.array(["127.0.0.1", String($0)]) } ?? "*-1\r\n")
            case ["SENTINEL", "SENTINELS"]:
                let entries = script.others.map { Self.array(["name", $0, "ip", "127.0.0.1", "port", String($1), "runid", $0]) }
                return .text("*\(entries.count)\r\n" + entries.joined())
            default: break
            }
            guard command.first == "SUBSCRIBE" else { return .text("+PONG\r\n") }
            return .text(command.dropFirst().map { "*3\r\n" + Self.bulk("subscribe") + Self.bulk($0) + ":1\r\n" }.joined())
        }
    }

    private static func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }
    private static func array(_ words: [String]) -> String { "*\(words.count)\r\n" + words.map(bulk).joined() }
}
