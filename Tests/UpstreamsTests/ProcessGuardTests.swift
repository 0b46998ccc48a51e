import Fixtures
import Foundation
import Glibc
import Testing

@testable import Upstreams

@Suite("The guard in front of an upstream's process")
struct ProcessGuardTests {
    /// The program with the guard in it, as it was built with these tests.
    private static let program = String(#filePath.split(separator: "/Tests/")[0]) + "/.build/debug/satgate"
    private static let guardian = [program, ProcessGuard.command]

    @Test("calls go through it as if it were not there")
    func calls() async throws {
        try await TransportBench.run(try ProcessTransport.of(LineServer.command("legacy"), guardian: Self.guardian)) { bench in
            let session = try await bench.open()
            #expect(try await bench.text("echo", #"{"text":"a"}"#, in: session) == "a")
            let failure = try await bench.failure("crash", in: session)
            #expect(failure.reason == "the process ended")
        }
    }

    @Test("it ends with the node's work, and what it has started too")
    func endsWithOwner() async throws {
        let ids = Box<[Int32]>()
        try await TransportBench.run(try ProcessTransport.of(LineServer.command("legacy"), guardian: Self.guardian)) { bench in
            let session = try await bench.open()
            ids.value = [try await bench.number("pid", in: session), try await bench.number("child", in: session)]
        }
        let ended = try #require(ids.value)
        try await eventually("all are gone") { ended.allSatisfy { !ProcessTable.isAlive($0) } }
    }

    @Test("when the node is killed, a process that heeds neither its input nor SIGTERM goes too, and what that has started")
    func nodeKilled() async throws {
        let file = "/tmp/wire-guard-\(getpid())"
        defer { unlink(file) }
        let node = """
            import subprocess, sys, time
            held = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True)
            time.sleep(600)
            """
        let stubborn = #"trap "" TERM; sleep 600 & echo $$ $! > "$0.new"; mv "$0.new" "$0"; while :; do sleep 1; done"#
        let process = try ChildProcess(
            ["python3", "-c", node] + Self.guardian + ["/bin/sh", "-c", stubborn, file], log: "/dev/null")
        var ids: [Int32] = []
        try await eventually("it has started") {
            ids = (try? String(contentsOfFile: file, encoding: .utf8))?.split { $0 == " " || $0 == "\n" }.compactMap { Int32($0) } ?? []
            return ids.count == 2
        }
        #expect(ids.allSatisfy { ProcessTable.isAlive($0) })
        process.kill()
        try await eventually("all are gone") { ids.allSatisfy { !ProcessTable.isAlive($0) } }
    }
}
