import Glibc

/// Runs a program between a node and its upstream's process, so that the process never outlives the node, however that dies.
///
/// The guard is the leader of the program's process group and watches the pipe that is the program's standard input: when its other end
/// closes, be it that the node closes it or is killed, the program has a while to end by itself; then what is left of the group gets
/// SIGTERM, and SIGKILL after another.
package enum ProcessGuard {
    /// What this program, started with it, does: `run` with the rest of its arguments.
    package static let command = "guard"
    /// The command by which this program runs another under guard.
    package static let own = ["/proc/self/exe", command]
    /// From the end of the input to SIGTERM, and from there to SIGKILL, in milliseconds.
    private static let grace = 2_000

    /// Runs the program `arguments[0]`, a path, and exits as it does.
    package static func run(_ arguments: [String]) -> Never {
        // A no-op for the leader of a session, as a node starts it.
        setpgid(0, 0)
        guard let bell = ChildBell(), let child = start(arguments) else { exit(127) }
        // The program's alone: where it closes them, the node must see it.
        let nowhere = open("/dev/null", O_RDWR)
        dup2(nowhere, 1)
        dup2(nowhere, 2)
        if let status = wait(for: child, bell, watchesInput: true) { exit(code(of: status)) }
        _ = wait(for: child, bell, watchesInput: false)
        kill(0, SIGTERM)
        _ = wait(for: child, bell, watchesInput: false)
        kill(0, SIGKILL)
        exit(137)
    }

    /// Waits until the program ends and answers its status; nil when its input is closed, or, where that is not watched, after the grace.
    private static func wait(for child: pid_t, _ bell: ChildBell, watchesInput: Bool) -> Int32? {
        let due = milliseconds() + grace
        while true {
            var status: Int32 = 0
            let ended = waitpid(child, &status, WNOHANG)
            if ended != 0 { return ended == child ? status : 0 }
            let left = watchesInput ? -1 : due - milliseconds()
            guard watchesInput || left > 0 else { return nil }
            // No event is asked for of the input: only that its other end is closed is told.
            var watched = [
                pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: watchesInput ? 0 : -1, events: 0, revents: 0),
            ]
            guard poll(&watched, 2, Int32(left)) > 0 else { continue }
            if watched[0].revents != 0 { bell.silence() }
            if watched[1].revents != 0 { return nil }
        }
    }

    private static func code(of status: Int32) -> Int32 { status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F }

    private static func start(_ arguments: [String]) -> pid_t? {
        guard let program = arguments.first else { return nil }
        // The group's SIGTERM is meant for the program.
        signal(SIGTERM, SIG_IGN)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var standard = sigset_t()
        sigemptyset(&standard)
        posix_spawnattr_setsigmask(&attributes, &standard)
        sigaddset(&standard, SIGTERM)
        posix_spawnattr_setsigdefault(&attributes, &standard)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var words = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        return posix_spawn(&child, program, nil, &attributes, &words, environ) == 0 ? child : nil
    }

    private static func milliseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
    }
}

/// A pipe that SIGCHLD writes to, so that the end of a child wakes a `poll`.
private struct ChildBell {
    let descriptor: Int32

    init?() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        childBellEnd = ends[1]
        signal(SIGCHLD) { _ in
            var one: UInt8 = 1
            _ = write(childBellEnd, &one, 1)
        }
    }

    func silence() {
        var bytes: (UInt64, UInt64) = (0, 0)
        while read(descriptor, &bytes, 16) > 0 {}
    }
}

// A signal's handler may take no lock and finds nothing but globals; this one is set once, before the handler that reads it is there.
private nonisolated(unsafe) var childBellEnd: Int32 = -1
