import Demo
import Fixtures
import Governance
import MCPWire
import Testing

@testable import Upstreams

@Suite("Forwarding calls")
struct ForwardTests {
    @Test("a discovered tool answers with the bytes its server sent")
    func answers() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url], headers: ["Authorization": "Bearer up"])
            try await Workbench.run([tenant]) { bench in
                let catalogue = await bench.catalogues.catalogue(of: tenant)
                #expect(catalogue.entries.map(\.shownName) == LightTools.all.map(\.name).sorted())
                #expect(catalogue.missing.isEmpty)
                let entry = try #require(catalogue.target(for: "one__echo"))
                #expect(entry.target.tool == "echo")
                let answer = try await bench.answer("echo", #"{"text":"grüß \"Gott\""}"#, of: tenant)
                #expect(answer.kind == .result(isError: false))
                let bytes = String(decoding: answer.addressed(to: RequestID(7)), as: UTF8.self)
                #expect(bytes == #"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"grüß \"Gott\""}]}}"#)
            }
            #expect(server.record.authorizations == ["Bearer up"])
            #expect(server.record.calls(of: "echo") == 1)
        }
    }
}
