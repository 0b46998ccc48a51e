import Events
import Fixtures
import Foundation
import Governance
import MCPWire
import NIOCore
import NIOHTTP1
import Testing

@testable import Upstreams

@Suite("Credentials of upstreams")
struct CredentialsTests {
    private static let canary = "canary-5f3a91"

    private func withFile(_ body: (_ file: String) async throws -> Void) async throws {
        let directory = try makeTemporaryDirectory("secrets")
        defer { _ = try? run(["rm", "-r", directory]) }
        try await body("\(directory)/secret")
    }

    private func write(_ text: String, to file: String) throws {
        try Data(text.utf8).write(to: URL(filePath: file), options: .atomic)
    }

    private func template(_ text: String) throws -> Template { try #require(Template(text)) }

    @Test("variables and files are put in on the node")
    func resolved() async throws {
        try await withFile { file in
            try write("from-file\r\n\n", to: file)
            let headers = ["Authorization": try template("Bearer ${env:TOKEN}"), "X-Key": try template("a-${file:\(file)}-${env:TOKEN}")]
            try await ScriptedServer.run { server, url in
                let tenant = try Tenant.of([.at(url, headers: headers)])
                try await Workbench.run([tenant], environment: ["TOKEN": "from-env"]) { bench in
                    try await bench.expectUp(of: tenant)
                    for request in server.requests {
                        #expect(request.head.headers["authorization"] == ["Bearer from-env"])
                        #expect(request.head.headers["x-key"] == ["a-from-file-from-env"])
                    }
                    #expect(server.requests.count >= 4)
                }
            }
        }
    }

    @Test("a file that changes is read again, within about a second, and the session goes on")
    func rotated() async throws {
        try await withFile { file in
            try write("first", to: file)
            let headers = ["X-Key": try template("${file:\(file)}")]
            try await ScriptedServer.run { server, url in
                let tenant = try Tenant.of([.at(url, headers: headers)])
                try await Workbench.run([tenant]) { bench in
                    try await bench.expectUp(of: tenant)
                    try Data("other".utf8).write(to: URL(filePath: file), options: .atomic)
                    try await eventually("the new text is sent") {
                        _ = try await bench.answer("t", of: tenant)
                        return server.requests(Method.toolsCall).last?.head.headers["x-key"] == ["other"]
                    }
                    #expect(server.requests(Method.initialize).count == 1)
                }
            }
        }
    }

    @Test("where a secret is missing only its upstream fails, undispatched, and it comes back with the file")
    func missing() async throws {
        try await withFile { file in
            try await ScriptedServer.run { server, url in
                let tenant = try Tenant.of([
                    .at(url, as: "file", headers: ["X-Key": try template("${file:\(file)}")]),
                    .at(url, as: "env", headers: ["X-Key": try template("${env:NONE}")]), .at(url, as: "good"),
                ])
                try await Workbench.run([tenant]) { bench in
                    try await bench.expectDown("file", of: tenant, "credentials not available")
                    try await bench.expectDown("env", of: tenant, "credentials not available")
                    try await bench.expectUp("good", of: tenant)
                    let failure = try await bench.failure("t", to: "file", of: tenant)
                    #expect(!failure.mayHaveRun && failure.reason == "credentials not available")
                    #expect(server.requests(Method.initialize).count == 1)
                    try Data("there".utf8).write(to: URL(filePath: file), options: .atomic)
                    try await eventually("it is up") { bench.events.all(.upstreamUp).contains { $0.text("upstream") == "file" } }
                    _ = try await bench.answer("t", to: "file", of: tenant)
                }
            }
        }
    }

    @Test(
        "a secret that could break out of its header line is not sent",
        arguments: ["a\r\nX-Evil: 1", "a\nb", "a\u{0}b", "", "\n", "a\u{7F}"])
    func unsafe(_ text: String) async throws {
        try await withFile { file in
            try write(text, to: file)
            let secrets = NodeSecrets(environment: ["V": text])
            #expect(secrets.value(of: try template("Bearer ${env:V}")) == nil)
            #expect(secrets.value(of: try template("Bearer ${file:\(file)}")) == nil)
        }
    }

    @Test("a file that is no small regular one is not read")
    func irregular() throws {
        let secrets = NodeSecrets(environment: [:])
        for path in ["/dev/zero", "/", "/proc/self/environ", "/nowhere"] {
            #expect(secrets.value(of: try template("${file:\(path)}")) == nil, "\(path)")
        }
    }

    @Test("nothing that holds a secret prints it")
    func redacted() async throws {
        let secrets = NodeSecrets(environment: ["TOKEN": Self.canary])
        let document = try UpstreamDocument.at("http://h/mcp", headers: ["X-Key": try template("${env:TOKEN}")])
        let tenant = try #require(TenantName("acme"))
        let endpoint = try #require(Endpoint(document, tenant: tenant, secrets: secrets, agent: "a"))
        let head = endpoint.prepared()
        let request = try head.request([])
        #expect(String(buffer: request).contains("X-Key: \(Self.canary)\r\n"))
        let answer = Array(#"{"access_token":"\#(Self.canary)","token_type":"Bearer"}"#.utf8)
        let token = try #require(AccessToken(answer, at: .now()))
        let holders: [Any] = [secrets, endpoint, endpoint.credentials, head, token, document, Link(endpoint: endpoint)]
        for holder in holders {
            var dumped = ""
            dump(holder, to: &dumped)
            let texts = [dumped, String(describing: holder), String(reflecting: holder)]
            #expect(!texts.joined().contains(Self.canary), "\(type(of: holder))")
        }
    }

    @Test(
        "a document that names a header of the gateway's own, or none at all, is refused",
        arguments: ["Host", "content-length", "Mcp-Session-Id", "a b", "", "a:"])
    func reserved(_ name: String) throws {
        let document = try UpstreamDocument.at("http://h/mcp", headers: [name: Template(literal: "x")])
        let tenant = try #require(TenantName("acme"))
        #expect(Endpoint(document, tenant: tenant, secrets: NodeSecrets(environment: [:]), agent: "a") == nil)
    }
}
