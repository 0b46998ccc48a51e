package import Glibc
import Synchronization

/// A process that a test started: signalled and reaped by its id, and killed with its directory removed should the test process die first.
package final class ChildProcess: Sendable {
    package let id: pid_t
    private let reaped = Mutex(false)

    /// Starts `arguments[0]` (found by PATH), its output going to `log`.
    package init(_ arguments: [String], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        id = try spawn(arguments, &actions)
    }

    deinit { kill() }

    /// Sends `signal`; nothing once the process has been reaped.
    package func signal(_ signal: Int32) {
        reaped.withLock { if !$0 { _ = Glibc.kill(id, signal) } }
    }

    /// kill -9, then waits for the end.
    package func kill() {
        reaped.withLock { reaped in
            guard !reaped else { return }
            _ = Glibc.kill(id, SIGKILL)
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            reaped = true
        }
    }

    /// False once it has ended by itself.
    package var isRunning: Bool {
        reaped.withLock { reaped in
            guard !reaped else { return false }
            var status: Int32 = 0
            if waitpid(id, &status, WNOHANG) == id { reaped = true }
            return !reaped
        }
    }
}

/// Runs `arguments` to its end; throws unless it exits 0. Answers its standard output.
@discardableResult
package func run(_ arguments: [String]) throws -> String {
    let ends = try makePipe()
    defer { close(ends[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    let id: pid_t
    do { id = try spawn(arguments, &actions) } catch {
        close(ends[1])
        throw error
    }
    close(ends[1])
    let output = readAll(ends[0])
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw FixtureError("\(arguments.joined(separator: " ")): status \(status): \(output)") }
    return output
}

private func readAll(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes += chunk[..<count]
    }
}

/// Held while descriptors that no child may inherit are made, and while a child is.
private let forking = Mutex(())

private func makePipe() throws -> [Int32] {
    var ends: [Int32] = [0, 0]
    let made = forking.withLock { _ in
        guard pipe(&ends) == 0 else { return false }
        return ends.allSatisfy { fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }
    }
    guard made else { throw FixtureError("pipe: \(errno)") }
    return ends
}

private func spawn(_ arguments: [String], _ actions: inout posix_spawn_file_actions_t) throws -> pid_t {
    var strings: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for string in strings { free(string) } }
    var id: pid_t = 0
    let failure = forking.withLock { _ in posix_spawnp(&id, arguments[0], &actions, nil, &strings, environ) }
    guard failure == 0 else { throw FixtureError("\(arguments[0]): \(String(cString: strerror(failure)))") }
    return id
}

/// Kills a process and removes a directory when this process ends, however it ends.
final class Watchdog: Sendable {
    private let end: Int32
    private let shell: pid_t

    init(process: pid_t, directory: String) throws {
        let ends = try makePipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        let script = #"read word || { kill -9 "$1"; rm -rf "$2"; }"#
        shell = try spawn(["sh", "-c", script, "watchdog", String(process), directory], &actions)
        close(ends[0])
        end = ends[1]
    }

    /// Sends it home without doing anything.
    deinit {
        _ = write(end, "\n", 1)
        close(end)
        var status: Int32 = 0
        while waitpid(shell, &status, 0) < 0, errno == EINTR {}
    }
}
