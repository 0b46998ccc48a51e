import Glibc
import Synchronization

/// A private redis-server on a loopback port with a directory of its own; ended and removed with its last reference or the test process.
package final class RedisServer: Sendable {
    package let port: Int
    /// Holds its log, its append-only file, and whatever a test puts there.
    package let directory: String
    private typealias Launched = (process: ChildProcess, watchdog: Watchdog)
    private let command: [String]
    private let state: Mutex<Launched?>

    /// Starts one with `arguments` behind the plain settings (no snapshot, no append-only file).
    ///
    /// `prepare` may write files into the directory, and answers further arguments.
    package static func start(
        _ arguments: [String] = [], tls: Bool = false, prepare: (_ directory: String) throws -> [String] = { _ in [] }
    ) async throws -> RedisServer {
        let directory = try makeTemporaryDirectory("redis")
        let settings = ["--bind", "127.0.0.1", "--dir", directory, "--save", "", "--appendonly", "no"] + arguments
        do {
            let more = try prepare(directory)
            var attempt = 1
            while true {
                // Another process may have taken the port since it was found free.
                let port = try LoopbackPorts.free()
                let listen = tls ? ["--port", "0", "--tls-port", String(port)] : ["--port", String(port)]
                let command = ["redis-server"] + listen + settings + more
                do {
                    let launched = try await launch(command, directory, port)
                    return RedisServer(port: port, directory: directory, command: command, launched: launched)
                } catch {
                    guard attempt < 3 else { throw error }
                    attempt += 1
                }
            }
        } catch {
            _ = try? run(["rm", "-rf", directory])
            throw error
        }
    }

    private init(port: Int, directory: String, command: [String], launched: Launched) {
        self.port = port
        self.directory = directory
        self.command = command
        state = Mutex(launched)
    }

    deinit {
        kill()
        _ = try? run(["rm", "-rf", directory])
    }

    /// `redis://127.0.0.1:PORT`.
    package var url: String { "redis://127.0.0.1:\(port)" }

    /// SIGSTOP: the kernel still accepts connections and bytes, nothing answers.
    package func freeze() { signal(SIGSTOP) }

    /// SIGCONT.
    package func thaw() { signal(SIGCONT) }

    /// kill -9, reaped before this returns.
    package func kill() {
        state.withLock { state in
            state?.process.kill()
            state = nil
        }
    }

    /// Starts it again after `kill()`, on the same port and directory, and waits until it answers.
    package func restart() async throws {
        let launched = try await Self.launch(command, directory, port)
        state.withLock { $0 = launched }
    }

    /// What redis-cli prints for a command on this server, its last newline cut off.
    package func cli(_ command: String..., options: [String] = []) throws -> String {
        let output = try run(["redis-cli", "-h", "127.0.0.1", "-p", String(port), "--no-auth-warning"] + options + command)
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }

    private func signal(_ signal: Int32) { state.withLock { $0?.process.signal(signal) } }

    private static func launch(_ command: [String], _ directory: String, _ port: Int) async throws -> Launched {
        let process = try ChildProcess(command, log: directory + "/redis.log")
        let watchdog = try Watchdog(process: process.id, directory: directory)
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(15)
        while clock.now < deadline {
            guard process.isRunning else {
                throw FixtureError("redis-server ended at once: \((try? run(["tail", "-5", directory + "/redis.log"])) ?? "")")
            }
            if answersPing(port) { return (process, watchdog) }
            try await Task.sleep(for: .milliseconds(10))
        }
        process.kill()
        throw FixtureError("redis-server does not answer")
    }
}

/// A new directory under /tmp.
package func makeTemporaryDirectory(_ name: String) throws -> String {
    var template = Array("/tmp/satgate-\(name)-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw FixtureError("mkdtemp: \(errno)") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Writes `text` into a new file.
func write(_ text: String, to file: String) throws {
    guard let stream = fopen(file, "w") else { throw FixtureError("\(file): \(errno)") }
    defer { fclose(stream) }
    guard fputs(text, stream) >= 0 else { throw FixtureError("\(file): \(errno)") }
}

/// 40 random hexadecimal digits, as redis-servers are called among themselves.
func randomID() -> String { (0..<40).map { _ in String(UInt8.random(in: 0..<16), radix: 16) }.joined() }

/// True when the server on `port` has loaded its data: it answers anything but LOADING (a TLS server hangs up or resets, which will do).
func answersPing(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var patience = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = loopback(UInt16(port))
    let connected = withUnsafeBytes(of: &address) { raw in
        guard let pointer = raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
        return connect(descriptor, pointer, socklen_t(raw.count)) == 0
    }
    guard connected, send(descriptor, "PING\r\n", 6, Int32(MSG_NOSIGNAL)) == 6 else { return false }
    var answer = [UInt8](repeating: 0, count: 64)
    let count = recv(descriptor, &answer, answer.count, 0)
    let reset = count < 0 && errno == ECONNRESET
    return reset || count >= 0 && !answer.starts(with: Array("-LOADING".utf8))
}
