import Demo
import Fixtures
import Glibc
import Governance
import MCPWire
import NIOCore
import Testing

@testable import Upstreams

@Suite("Upstreams that are processes")
struct ProcessTests {
    @Test(
        "tools are listed and called, whatever the era and however the program takes the question of it",
        arguments: [("legacy", "2025-06-18"), ("modern", "2026-07-28"), ("garbage", "2025-06-18"), ("silent", "2025-06-18")])
    func callsTools(_ mode: String, _ revision: String) async throws {
        var timings = ProcessTimings.quick
        if mode == "silent" { timings.patience = .seconds(1) }
        let transport = try ProcessTransport.of(LineServer.command(mode), timings: timings)
        try await TransportBench.run(transport) { bench in
            let session = try await bench.open()
            #expect(
                session.terms.revision == revision && session.terms.transport == .stdio
                    && session.terms.capabilities.contains(.toolsListChanged))
            #expect(try await bench.tools(of: session) == ["echo"])
            #expect(try await bench.text("echo", #"{"text":"a\nb\u2028c"}"#, in: session) == "a\nb\u{2028}c")
            #expect(transport.resume(session.terms, as: nil) == nil)
        }
    }

    @Test("a call of a revision without a handshake says who sends it; its answer is for an agent with one")
    func modernMeta() async throws {
        try await TransportBench.run(try ProcessTransport.of(LineServer.command("modern"))) { bench in
            let session = try await bench.open()
            let sent = try await bench.text("raw", in: session)
            #expect(sent.contains(#""io.modelcontextprotocol/protocolVersion": "2026-07-28""#))
            guard case .answer(let answer)? = try await bench.items("echo", in: session)?.last else { throw Unexpected(text: "no answer") }
            #expect(!String(decoding: answer.addressed(to: RequestID(1)), as: UTF8.self).contains("resultType"))
        }
    }

    @Test("progress goes to the call that asked for it, with the agent's own token")
    func progress() async throws {
        try await TransportBench.run(try ProcessTransport.of(LineServer.command("legacy"))) { bench in
            let session = try await bench.open()
            let items = try #require(await bench.items("progress", in: session, progressToken: #""mine""#))
            let progress = items.compactMap { item in
                if case .progress(let bytes) = item { String(decoding: bytes, as: UTF8.self) } else { nil }
            }
            #expect(progress.count == 3 && items.count == 4 && progress.allSatisfy { $0.contains(#""progressToken": "mine""#) })
        }
    }

    @Test("many calls at once share the process, from several loops, each with its own answer")
    func parallel() async throws {
        try await TransportBench.run(try ProcessTransport.of(LineServer.command("legacy"))) { bench in
            let session = try await bench.open()
            let texts = try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for number in 0..<12 {
                    let lane = number % 2
                    group.addTask(executorPreference: bench.lanes[lane].executor) {
                        (number, try await bench.text("echo", #"{"text":"n\#(number)"}"#, in: session, lane: lane))
                    }
                }
                return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
            }
            #expect(texts == Dictionary(uniqueKeysWithValues: (0..<12).map { ($0, "n\($0)") }))
        }
    }

    @Test("a result of a megabyte comes whole, and so does an argument of one")
    func large() async throws {
        try await TransportBench.run(try ProcessTransport.of(LineServer.command("legacy"))) { bench in
            let session = try await bench.open()
            #expect(try await bench.text("big", #"{"bytes":1048576}"#, in: session).utf8.count == 1_048_576)
            let long = String(repeating: "y", count: 1_048_576)
            #expect(try await bench.text("echo", #"{"text":"\#(long)"}"#, in: session) == long)
        }
    }

    @Test("its ping is answered and all else it asks refused; the calls in progress count as begun")
    func asked() async throws {
        try await TransportBench.run(try ProcessTransport.of(LineServer.command("legacy"))) { bench in
            let session = try await bench.open()
            let exchange = try #require(await bench.exchange("ask", in: session))
            guard case .answer(let answer)? = try await exchange.next() else { throw Unexpected(text: "no answer") }
            let text = try #require(answer.firstText)
            #expect(text.contains(#""result": {}"#) && text.contains("-32601"))
            #expect(exchange.hasStarted)
        }
    }

    @Test("changes of its tools are told, in either era, until it ends", arguments: ["legacy", "modern"])
    func changes(_ mode: String) async throws {
        try await TransportBench.run(try ProcessTransport.of(LineServer.command(mode))) { bench in
            let session = try await bench.open()
            let heard = Box<[Notice]>()
            heard.value = []
            async let listening = session.listen(on: bench.lanes[0]) { notice in heard.value?.append(notice) }
            try await eventually("connected") { heard.value == [.connected] }
            _ = try await bench.text("change", in: session)
            try await eventually("changed") { heard.value == [.connected, .toolsChanged] }
            session.close(on: bench.lanes[0])
            #expect(try await listening == .ended)
        }
    }

    @Test("a call that nobody waits for is cancelled, and leaves nothing behind")
    func cancels() async throws {
        let transport = try ProcessTransport.of(LineServer.command("legacy"))
        try await TransportBench.run(transport) { bench in
            let session = try await bench.open()
            for _ in 0..<50 { _ = try await bench.exchange("silence", in: session) }
            let failure = try await bench.failure("silence", in: session, within: .milliseconds(200))
            #expect(failure.label == "timed_out")
            try await eventually("all are cancelled") {
                guard case .list(let ids)? = JSONValue(try await bench.text("cancelled", in: session).utf8) else { return false }
                return ids.count == 51
            }
            #expect(transport.process?.stream.waiting == 0)
        }
    }

    @Test("a program that ends fails what it was at, is over, and is started again by the next to open it")
    func crash() async throws {
        let transport = try ProcessTransport.of(LineServer.command("legacy"))
        try await TransportBench.run(transport) { bench in
            let session = try await bench.open()
            let slow = try #require(await bench.exchange("sleep", #"{"seconds":60}"#, in: session))
            let failure = try await bench.failure("crash", in: session)
            #expect(failure.mayHaveRun && failure.reason == "the process ended")
            await #expect(throws: UpstreamFailure.self) { _ = try await slow.next() }
            #expect(try await bench.exchange("echo", in: session) == nil)
            let next = try await bench.open()
            #expect(next !== session)
            #expect(try await bench.text("echo", #"{"text":"again"}"#, in: next) == "again")
        }
    }

    @Test("a program that cannot be started, or ends at once, is told apart")
    func cannotStart() async throws {
        for (command, reason) in [
            (["no-such-program-here"], "no such program"), (["/etc/passwd"], "no such program"),
            (LineServer.command("broken"), "the process ended"), (["/bin/true"], "the process ended"),
        ] {
            try await TransportBench.run(try ProcessTransport.of(command)) { bench in
                let failure = await #expect(throws: UpstreamFailure.self) { _ = try await bench.open() }
                #expect(failure?.reason == reason, "\(command[0])")
            }
        }
    }

    @Test("a program is given its time to start, however short each attempt is")
    func late() async throws {
        let transport = try ProcessTransport.of(LineServer.command("late", "1.5"))
        try await TransportBench.run(transport) { bench in
            let failure = await #expect(throws: UpstreamFailure.self) { _ = try await bench.open(within: .milliseconds(200)) }
            #expect(failure?.mayHaveRun == false)
            let first = transport.process
            let session = try await bench.open()
            #expect(try await bench.tools(of: try await bench.open()) == ["echo"])
            #expect(transport.process === first, "one that answers is kept")
            #expect(try await bench.tools(of: session) == ["echo"])
        }
    }

    @Test("a program that does not read holds up nobody for longer than his deadline, and is replaced")
    func deaf() async throws {
        let transport = try ProcessTransport.of(LineServer.command("deaf"))
        try await TransportBench.run(transport) { bench in
            let session = try await bench.open()
            let first = transport.process
            _ = try await bench.tools(of: session)
            let long = #"{"text":"\#(String(repeating: "z", count: 4_000_000))"}"#
            // The first is begun and may arrive one day; those behind it never leave.
            let labels = await withTaskGroup(of: String.self) { group in
                for _ in 0..<4 {
                    group.addTask(executorPreference: bench.lanes[0].executor) {
                        (try? await bench.failure("echo", long, in: session, within: .seconds(1)))?.label ?? "none"
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(labels.sorted() == ["not_dispatched", "not_dispatched", "not_dispatched", "timed_out"])
            await #expect(throws: UpstreamFailure.self) { _ = try await bench.open(within: .milliseconds(300)) }
            try await eventually("another takes its place") {
                (try? await bench.open(within: .seconds(5))) != nil && transport.process !== first
            }
        }
    }

    @Test("it is given PATH and what the document names, and nothing else of the node's environment")
    func environment() async throws {
        setenv("SATGATE_TEST_SECRET", "hidden", 1)
        setenv("UPSTREAM_TEST_VALUE", "shown", 1)
        let environment = ["GIVEN": Template(literal: "${literal}"), "FROM_NODE": try #require(Template("<${env:UPSTREAM_TEST_VALUE}>"))]
        let transport = try ProcessTransport.of(LineServer.command("legacy"), environment: environment, directory: "/usr")
        try await TransportBench.run(transport) { bench in
            let session = try await bench.open()
            guard case .object(let given)? = JSONValue(try await bench.text("environment", in: session).utf8) else {
                throw Unexpected(text: "no environment")
            }
            // Python sets the first itself where there is no locale; the others are set by a shell that starts it, as pyenv's does.
            let own: Set = ["LC_CTYPE", "PWD", "OLDPWD", "SHLVL", "_"]
            let names = given.keys.filter { !own.contains($0) && !$0.contains("PYENV_") }
            #expect(Set(names) == ["PATH", "GIVEN", "FROM_NODE"])
            #expect(given["FROM_NODE"]?.text == "<shown>" && given["GIVEN"]?.text == "${literal}")
            #expect(try await bench.text("directory", in: session) == "/usr")
        }
    }

    @Test("a missing secret keeps it from being started")
    func missingSecret() async throws {
        let environment = ["KEY": try #require(Template("${env:UPSTREAM_TEST_NOT_THERE}"))]
        try await TransportBench.run(try ProcessTransport.of(LineServer.command("legacy"), environment: environment)) { bench in
            let failure = await #expect(throws: UpstreamFailure.self) { _ = try await bench.open() }
            #expect(failure?.reason == "a value of the environment is missing")
        }
    }

    @Test("all of it ends with the node's work, be it stubborn and with children", arguments: ["legacy", "stubborn"])
    func endsWithOwner(_ mode: String) async throws {
        let ids = Box<[Int32]>()
        try await TransportBench.run(try ProcessTransport.of(LineServer.command(mode))) { bench in
            let session = try await bench.open()
            ids.value = [try await bench.number("pid", in: session), try await bench.number("child", in: session)]
        }
        let started = try #require(ids.value)
        try await eventually("all are gone") { started.allSatisfy { !ProcessTable.isAlive($0) } }
    }

    @Test("a tenant's calls reach it, and are made again when it was down")
    func ofTenant() async throws {
        let command = try #require(UpstreamDocument.Command(arguments: LineServer.command("legacy")))
        let document = UpstreamDocument(name: try #require(UpstreamName("one")), place: .command(command), transport: .stdio)
        let tenant = Tenant(name: try #require(TenantName("acme")), upstreams: [document], tariff: Tariff(base: .zero))
        try await Workbench.run([tenant]) { bench in
            #expect(await bench.catalogues.catalogue(of: tenant).entries.map(\.shownName) == ["echo"])
            for _ in 0..<3 {
                #expect(try await bench.answer("echo", #"{"text":"a"}"#, of: tenant).firstText == "a")
                #expect(try await bench.failure("crash", of: tenant).reason == "the process ended")
                try await eventually("it is up again") { (try? await bench.answer("echo", of: tenant)) != nil }
            }
        }
    }

    @Test("it lasts as long as a session with it is held, or a call in it is under way, and ends soon after")
    func lastsAsLongAsNeeded() async throws {
        let transport = try ProcessTransport.of(LineServer.command("legacy"))
        try await TransportBench.run(transport) { bench in
            try await bench.open().close(on: bench.lanes[0])
            // The session is let go, the call holds it.
            let slow = try #require(await bench.exchange("sleep", #"{"seconds":0.5}"#, in: bench.open()))
            guard case .answer? = try await slow.next() else { throw Unexpected(text: "no answer") }
        }
        let first = try ProcessTransport.of(LineServer.command("legacy"))
        try await TransportBench.run(first) { bench in
            try await bench.open().close(on: bench.lanes[0])
            let process = try #require(first.process)
            let id = try #require(process.id)
            try await eventually("it is gone") { !ProcessTable.isAlive(id) }
            #expect(try await bench.tools(of: try await bench.open()) == ["echo"])
            #expect(first.process !== process)
        }
    }
}

extension TransportBench {
    /// The number that a tool answers.
    func number(_ tool: String, in session: any UpstreamSession) async throws -> Int32 {
        let text = try await text(tool, in: session)
        return try #require(Int32(text))
    }
}

/// What the system says of processes.
enum ProcessTable {
    /// True for a process that is there and no zombie.
    static func isAlive(_ id: Int32) -> Bool {
        guard kill(id, 0) == 0 else { return false }
        let file = open("/proc/\(id)/stat", O_RDONLY)
        guard file >= 0 else { return false }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = max(0, read(file, &bytes, bytes.count))
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        return text.split(separator: ")").last?.split(separator: " ").first != "Z"
    }
}
