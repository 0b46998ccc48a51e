import Governance
import MCPWire
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Upstreams

@Suite("Tokens by client credentials")
struct OAuthTests {
    private static func answer(_ body: String, status: String = "200 OK") -> [ScriptedServer.Step] {
        [.send(ScriptedServer.response(body, status: status))]
    }

    private static func token(_ text: String, life: Int = 3600) -> [ScriptedServer.Step] {
        answer(#"{"access_token":"\#(text)","token_type":"Bearer","expires_in":\#(life)}"#)
    }

    /// The requests for tokens.
    private static func asked(_ server: ScriptedServer) -> [ScriptedServer.Request] {
        server.requests.filter { $0.head.uri == "/token" }
    }

    private func oauth(_ url: String, secret: String = "s:e c+r/e&t") throws -> UpstreamDocument.OAuth {
        let place = try #require(Location(url)).origin.authority
        return UpstreamDocument.OAuth(
            tokenURL: "http://\(place)/token", clientID: Template(literal: "client id"),
            clientSecret: try #require(Template("${env:SECRET}")), scope: "tools read", resource: url)
    }

    /// Runs the body with a tenant whose upstream wants tokens, which the script gives out at `/token`.
    private func run(
        _ script: @escaping @Sendable (_ count: Int, ScriptedServer.Request) -> [ScriptedServer.Step]?,
        _ body: @escaping @Sendable (Workbench, Tenant, ScriptedServer) async throws -> Void
    ) async throws {
        let asked = Mutex(0)
        try await ScriptedServer.run({ request in
            if request.head.uri != "/token" { return script(0, request) }
            let count = asked.withLock { asked in
                asked += 1
                return asked
            }
            return script(count, request)
        }) { server, url in
            let tenant = try Tenant.of([.at(url, oauth: try oauth(url)), .at(url, as: "free")])
            try await Workbench.run([tenant], environment: ["SECRET": "s:e c+r/e&t"]) { bench in try await body(bench, tenant, server) }
        }
    }

    @Test("a token is fetched once and sent with every request of its upstream")
    func fetched() async throws {
        try await run({ count, _ in count > 0 ? Self.token("tok-\(count)") : nil }) { bench, tenant, server in
            try await bench.expectUp(of: tenant)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { _ = try await bench.answer("t", of: tenant) } }
                try await group.waitForAll()
            }
            try await bench.expectUp("free", of: tenant)
            let asked = Self.asked(server)
            #expect(asked.count == 1)
            #expect(asked[0].head.headers["content-type"] == ["application/x-www-form-urlencoded"])
            let basic = TokenRequest.base64("client+id:s%3Ae+c%2Br%2Fe%26t")
            #expect(asked[0].head.headers["authorization"] == ["Basic \(basic)"])
            let form = String(decoding: asked[0].body, as: UTF8.self)
            #expect(form.hasPrefix("grant_type=client_credentials&scope=tools+read&resource=http%3A%2F%2F127.0.0.1%3A"))
            #expect(!form.contains("secret"))
            let calls = server.requests(Method.toolsCall).map { $0.head.headers["authorization"] }
            #expect(calls.count { $0 == ["Bearer tok-1"] } == 21 && calls.count { $0 == [] } == 1)
        }
    }

    @Test("a server that does not know HTTP Basic is given the secret in the body, from then on at once")
    func inBody() async throws {
        try await run({ count, request in
            guard count > 0 else { return nil }
            if !request.head.headers["authorization"].isEmpty { return Self.answer(#"{"error":"invalid_client"}"#, status: "401 No") }
            return Self.token("tok-\(count)", life: 1)
        }) { bench, tenant, server in
            try await bench.expectUp(of: tenant)
            try await eventually("it is renewed") {
                _ = try await bench.answer("t", of: tenant)
                return Self.asked(server).count >= 3
            }
            let proofs = Self.asked(server).map { $0.head.headers["authorization"].count }
            #expect(Array(proofs.prefix(3)) == [1, 0, 0])
            let form = String(decoding: Self.asked(server)[1].body, as: UTF8.self)
            #expect(form.hasSuffix("&client_id=client+id&client_secret=s%3Ae+c%2Br%2Fe%26t"))
        }
    }

    @Test("a token that the upstream refuses is fetched anew, no more than once a second")
    func invalidated() async throws {
        try await run({ count, request in
            if count > 0 { return Self.token("tok-\(count)") }
            let isRevoked = request.method == Method.toolsCall && request.head.headers["authorization"] == ["Bearer tok-1"]
            return isRevoked ? [.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")] : nil
        }) { bench, tenant, server in
            _ = await bench.catalogues.catalogue(of: tenant)
            let failure = try await bench.failure("t", of: tenant)
            #expect(failure.reason == "HTTP 401")
            try await eventually("a new token is used") { (try? await bench.answer("t", of: tenant)) != nil }
            #expect(Self.asked(server).count == 2)
        }
    }

    @Test(
        "without a usable token the calls of its upstream are not dispatched, and its server is not stormed",
        arguments: [
            #"{"error":"server_error"}"#, #"{"access_token":"a b","token_type":"bearer"}"#, #"{"access_token":"a","token_type":"mac"}"#,
            #"{"access_token":"a","token_type":"bearer","expires_in":-1}"#,
            #"{"access_token":"a","access_token":"b","token_type":"bearer"}"#,
            "[]", "",
        ])
    func unusable(_ body: String) async throws {
        try await run({ count, _ in count > 0 ? Self.answer(body) : nil }) { bench, tenant, server in
            try await bench.expectDown(of: tenant, "no token from the authorization server")
            try await bench.expectUp("free", of: tenant)
            let begun = ContinuousClock.now
            for _ in 0..<50 {
                let failure = try await bench.failure("t", of: tenant)
                #expect(!failure.mayHaveRun)
            }
            let seconds = Int((ContinuousClock.now - begun) / .seconds(1))
            #expect(Self.asked(server).count <= 2 + seconds)
        }
    }

    @Test("an answer without end is not read")
    func endless() async throws {
        let piece = ScriptedServer.chunk(String(repeating: "x", count: 60_000))
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        try await run({ count, _ in count > 0 ? [.send(head), .send(piece), .send(piece)] : nil }) { bench, tenant, _ in
            try await bench.expectDown(of: tenant, "no token from the authorization server")
        }
    }

    @Test("the pause after failures grows to half a minute")
    func pauses() {
        let bounds: [(failures: Int, least: Int64, most: Int64)] = [
            (1, 750, 1000), (2, 1500, 2000), (6, 22_500, 30_000), (99, 22_500, 30_000),
        ]
        for (failures, least, most) in bounds {
            let pause = OAuthTokens.pause(after: failures).nanoseconds / 1_000_000
            #expect((least...most).contains(pause), "\(failures)")
        }
    }

    @Test("a token is renewed at 80 % of its life or 30 s before its end, and not with every call where it is short")
    func refresh() {
        let times: [(life: Int64, refresh: Int64)] = [
            (3_600_000, 2_880_000), (150_000, 120_000), (100_000, 70_000), (60_000, 30_000), (10_000, 5000), (1000, 500),
        ]
        for (life, refresh) in times { #expect(AccessToken.refresh(after: life) == refresh, "\(life)") }
    }

    @Test("numbers of an answer may be written as strings, and nothing else")
    func lives() throws {
        func life(_ value: String) -> TimeAmount? {
            AccessToken(Array(#"{"access_token":"a","token_type":"BEARER","expires_in":\#(value)}"#.utf8), at: .uptimeNanoseconds(1))
                .map { $0.end - .uptimeNanoseconds(1) }
        }
        #expect(life("60") == .seconds(60) && life(#""60""#) == .seconds(60) && life("null") == .seconds(300))
        #expect(life("99999999999") == .seconds(365 * 86_400))
        for bad in ["0", "-5", "1.5", "true", "{}", #""""#, "1e3"] { #expect(life(bad) == nil, "\(bad)") }
    }
}
