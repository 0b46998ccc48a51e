import Glibc
import Synchronization

/// Several redis-servers on loopback ports, each in a directory of its own below one; ended and removed with the last reference.
package final class RedisInstances: Sendable {
    /// Holds a directory `redis-<number>` for each, with its log and what it keeps.
    package let directory: String
    /// Of each server, by number.
    package let ports: [Int]
    private typealias Launched = (process: ChildProcess, watchdog: Watchdog)
    private let commands: [[String]]
    private let running: Mutex<[Int: Launched]>

    /// Settings of a server that answers agents' nodes: nothing on disk, replicas that follow at once.
    package static let plain = [
        "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0",
    ]

    /// Starts one on each port, `command` naming its arguments; it may write into the server's directory first.
    package init(_ name: String, ports: [Int], command: (_ number: Int, _ directory: String) throws -> [String]) async throws {
        directory = try makeTemporaryDirectory(name)
        self.ports = ports
        var commands: [[String]] = []
        for number in ports.indices {
            let own = "\(directory)/redis-\(number)"
            try Fixtures.run(["mkdir", own])
            commands.append(["redis-server"] + (try command(number, own)))
        }
        self.commands = commands
        running = Mutex([:])
        for number in ports.indices { try launch(number) }
        for number in ports.indices { try await waitUntilItAnswers(number) }
    }

    deinit {
        for number in ports.indices { kill(number) }
        _ = try? Fixtures.run(["rm", "-rf", directory])
    }

    /// SIGSTOP: the kernel still accepts connections and bytes, nothing answers.
    package func freeze(_ number: Int) { signal(number, SIGSTOP) }

    /// SIGCONT.
    package func thaw(_ number: Int) { signal(number, SIGCONT) }

    /// kill -9, reaped before this returns.
    package func kill(_ number: Int) { running.withLock { $0.removeValue(forKey: number) }?.process.kill() }

    /// Starts it again after `kill(_:)`, with what it knew of the others, and waits until it answers.
    package func restart(_ number: Int) async throws {
        try launch(number)
        try await waitUntilItAnswers(number)
    }

    /// What redis-cli prints for a command on that server, its last newline cut off; nil when it does not answer within a second.
    package func ask(_ number: Int, _ command: [String], patience: String = "1") -> String? {
        // By KILL: children of a thread that blocks signals would not hear of another.
        let words =
            ["timeout", "-s", "KILL", patience, "redis-cli", "-h", "127.0.0.1", "-p", String(ports[number]), "--no-auth-warning"] + command
        guard let output = try? Fixtures.run(words) else { return nil }
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }

    /// The lines of what it prints; none when it does not answer.
    package func lines(_ number: Int, _ command: String...) -> [String] {
        ask(number, command)?.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) ?? []
    }

    private func signal(_ number: Int, _ signal: Int32) { running.withLock { $0[number]?.process.signal(signal) } }

    private func launch(_ number: Int) throws {
        let process = try ChildProcess(commands[number], log: "\(directory)/redis-\(number)/redis.log")
        let watchdog = try Watchdog(process: process.id, directory: directory)
        running.withLock { $0[number] = (process, watchdog) }
    }

    private func waitUntilItAnswers(_ number: Int) async throws {
        let isUp = try await hasCome(within: .seconds(15)) {
            guard running.withLock({ $0[number]?.process.isRunning }) == true else {
                let end = (try? Fixtures.run(["tail", "-5", "\(directory)/redis-\(number)/redis.log"])) ?? ""
                throw FixtureError("redis-server \(number) ended at once: \(end)")
            }
            return answersPing(ports[number])
        }
        guard isUp else { throw FixtureError("redis-server \(number) does not answer") }
    }
}

/// Waits until `condition` holds; false when it does not within `limit`.
func hasCome(within limit: Duration, _ condition: () throws -> Bool) async throws -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while clock.now < deadline {
        if try condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return try condition()
}
