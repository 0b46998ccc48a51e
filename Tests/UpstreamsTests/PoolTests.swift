import Demo
import Fixtures
import Governance
import MCPWire
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Upstreams

@Suite("Connections to upstreams")
struct PoolTests {
    @Test("calls one after another share one connection")
    func reuse() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                for _ in 0..<200 { _ = try await bench.answer("echo", #"{"text":"a"}"#, of: tenant) }
            }
            #expect(server.record.connections <= 2, "one of them listens")
        }
    }

    @Test("no more connections than allowed are opened, and all calls are served")
    func bounded() async throws {
        var limits = PoolLimits()
        limits.connections = 4
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant], limits: limits) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<100 { group.addTask { _ = try await bench.answer("slow", #"{"ms":5}"#, of: tenant) } }
                    try await group.waitForAll()
                }
            }
            #expect(server.record.calls(of: "slow") == 100)
            #expect(server.record.connections <= 5, "one of them listens")
        }
    }

    @Test("calls beyond the queue, and those whose time ends in it, are not dispatched")
    func fullQueue() async throws {
        var limits = PoolLimits()
        limits.connections = 1
        limits.waiting = 2
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant], limits: limits) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                async let parked = bench.answer("park", of: tenant)
                try await eventually("the connection is taken") { server.record.inFlight == 1 }
                async let first = bench.failure("echo", of: tenant, within: .milliseconds(200))
                async let second = bench.failure("echo", of: tenant, within: .milliseconds(200))
                async let third = bench.failure("echo", of: tenant, within: .milliseconds(200))
                let failures = try await [first, second, third]
                #expect(failures.allSatisfy { $0.label == "not_dispatched" })
                let (late, busy) = ("timed out before it could be sent", "too many calls are waiting for a connection")
                #expect(failures.map(\.reason).sorted() == [late, late, busy])
                server.record.release()
                _ = try await parked
            }
            #expect(server.record.calls(of: "echo") == 0)
        }
    }

    @Test("a connection that its server closed while idle is not used")
    func closedWhileIdle() async throws {
        try await ScriptedServer.run({ request in
            guard request.method == Method.toolsCall else { return nil }
            return [.send(ScriptedServer.json(request.id, result: "{}")), .pause(5), .close]
        }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                for _ in 0..<5 {
                    _ = try await bench.answer("t", of: tenant)
                    try await eventually("it is closed") { server.open == 0 }
                    try await bench.turn()
                }
                #expect(server.requests(Method.toolsCall).count == 5)
            }
        }
    }

    @Test("a kept-alive connection that closes on a call is not proof that the call did not run: it is not sent again")
    func closedOnCall() async throws {
        try await ScriptedServer.run({ request in
            guard request.method == Method.toolsCall else { return nil }
            return request.count == 2 ? [.close] : nil
        }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                _ = try await bench.answer("t", of: tenant)
                let failure = try await bench.failure("t", of: tenant)
                #expect(failure.mayHaveRun)
                #expect(server.requests(Method.toolsCall).count == 2)
                _ = try await bench.answer("t", of: tenant)
            }
        }
    }

    @Test("discovery on a kept-alive connection that closes is tried again on a fresh one")
    func closedOnList() async throws {
        try await ScriptedServer.run({ $0.method == Method.toolsList && $0.count == 1 ? [.close] : nil }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                let catalogue = await bench.catalogues.catalogue(of: tenant)
                #expect(catalogue.missing.isEmpty && catalogue.entries.count == 1)
                #expect(server.requests(Method.toolsList).map(\.connection) == [1, 2])
            }
        }
    }

    @Test("bytes behind an answer are never taken for the next call's")
    func noise() async throws {
        let forged = ScriptedServer.json("3", result: #"{"content":[],"forged":true}"#)
        try await ScriptedServer.run({ request in
            guard request.method == Method.toolsCall, request.count == 1 else { return nil }
            return [.send(ScriptedServer.json(request.id, result: "{}") + forged + forged)]
        }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                for _ in 0..<3 {
                    let answer = try await bench.answer("t", of: tenant)
                    #expect(!String(decoding: answer.message.bytes, as: UTF8.self).contains("forged"))
                }
            }
        }
    }

    @Test("an idle connection is closed after its time")
    func idle() async throws {
        var limits = PoolLimits()
        limits.idle = .milliseconds(50)
        try await ScriptedServer.run { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant], limits: limits) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                try await eventually("it is closed") { server.open == 0 }
                _ = try await bench.answer("t", of: tenant)
            }
        }
    }

    @Test("an answer before the request was sent whole is taken, and the connection is not used again")
    func earlyAnswer() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let text = String(repeating: "y", count: 3 << 20)
                let answer = try await bench.answer("echo", #"{"text":"\#(text)"}"#, of: tenant)
                #expect(answer.message.bytes.count > 3 << 20)
            }
        }
    }

    @Test("several loops have connections of their own to one upstream")
    func loops() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant], loops: 3) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for loop in bench.group.makeIterator() {
                        group.addTask(executorPreference: LoopExecutor(loop)) {
                            for _ in 0..<20 { _ = try await bench.answer("echo", #"{"text":"a"}"#, of: tenant) }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            #expect((3...5).contains(server.record.connections), "one of them listens, one may be busy with a list")
            #expect(server.record.calls(of: "echo") == 60)
        }
    }

    @Test("off the loops a call is not dispatched")
    func offLoop() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant]) { bench in
                let failure = try await Task.detached { try await bench.failure("echo", of: tenant) }.value
                #expect(failure.reason == "not on an event loop")
            }
        }
    }
}
