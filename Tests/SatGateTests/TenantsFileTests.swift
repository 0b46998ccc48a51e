import Governance
import Testing
import TimeZones

@testable import satgate

@Suite struct TenantsFileTests {
    private func tenants(_ text: String) throws -> [Tenant] {
        try TenantsFile.tenants(in: YAMLNode.parse(text, file: "t.yaml"), zones: ZoneDatabase())
    }

    /// The tenant `acme` with one upstream `u`, whose members stand from line 4 on.
    private func upstream(_ members: String) throws -> UpstreamDocument {
        let lines = members.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        return try #require(try tenants("tenants:\n- name: acme\n  upstreams:\n  - name: u\n\(lines)").first?.upstreams.first)
    }

    @Test("everything an upstream may need is read, and no reference is looked up")
    func readsAll() throws {
        let upstream = try upstream(
            """
            url: https://api.example/mcp
            transport: streamable-http
            sessions: shared
            headers: {X-Trace: "on", X-Api-Key: "${file:/run/key}", Cookie: "a=${env:COOKIE}"}
            timeout: 90s
            tls: {authorities: /ca.pem, certificate: /c.pem, key: /k.pem}
            oauth: {token_url: "https://id.example/token", client_id: me, client_secret: "${env:SECRET}", scope: a b, resource: "urn:x"}
            limits: {calls: 8, waiting: 0, sessions: 9}
            pin_tools: true
            """)
        var limits = UpstreamDocument.Limits()
        (limits.calls, limits.waiting, limits.sessions) = (8, 0, 9)
        let expected = UpstreamDocument(
            name: try #require(UpstreamName("u")), place: .url("https://api.example/mcp"), transport: .streamableHTTP, sessions: .shared,
            headers: [
                "X-Trace": Template(literal: "on"), "X-Api-Key": try #require(Template("${file:/run/key}")),
                "Cookie": try #require(Template("a=${env:COOKIE}")),
            ], timeout: 90_000, tls: .init(authorities: "/ca.pem", certificate: "/c.pem", key: "/k.pem"),
            oauth: .init(
                tokenURL: "https://id.example/token", clientID: Template(literal: "me"),
                clientSecret: try #require(Template("${env:SECRET}")), scope: "a b", resource: "urn:x"),
            limits: limits, pinsTools: true)
        #expect(upstream == expected)
    }

    @Test("a url is by default asked what it speaks, with sessions of its own; a command is stdio and shared")
    func defaults() throws {
        let url = try upstream("url: http://a/mcp")
        #expect(url.transport == .auto && url.sessions == .dedicated && url.timeout == 30_000 && url.limits == .init())
        let command = try upstream("command: [tool, --x, \"1\"]\nenvironment: {TOKEN: \"${env:T}\", LANG: C}\ndirectory: /srv")
        #expect(command.transport == .stdio && command.sessions == .shared)
        let environment = ["TOKEN": try #require(Template("${env:T}")), "LANG": Template(literal: "C")]
        let program = UpstreamDocument.Command(arguments: ["tool", "--x", "1"], environment: environment, directory: "/srv")
        #expect(command.place == .command(try #require(program)))
        #expect(try upstream("command: [tool]\ntransport: stdio\nsessions: shared").sessions == .shared)
    }

    @Test(
        "a bad upstream is refused with its line",
        arguments: [
            ("timeout: 1s", "4: tenants[0].upstreams[0]: url: missing (or command)"),
            ("url: http://a\ncommand: [x]", "5: tenants[0].upstreams[0].url: cannot stand beside command"),
            ("url: ftp://a", "5: tenants[0].upstreams[0].url: must be an http:// or https:// address without a user"),
            ("url: http://a:99999/", "5: tenants[0].upstreams[0].url: must be an http:// or https:// address without a user"),
            ("url: \"http://a/\\nb\"", "5: tenants[0].upstreams[0].url: must be an http:// or https:// address without a user"),
            ("url: http://é/", "5: tenants[0].upstreams[0].url: must be an http:// or https:// address without a user"),
            ("url: http://a\ntransport: stdio", "6: tenants[0].upstreams[0].transport: stdio cannot stand beside url"),
            ("url: http://a\ntransport: http", "6: tenants[0].upstreams[0].transport: must be auto, streamable-http, sse or stdio"),
            ("command: [x]\ntransport: auto", "6: tenants[0].upstreams[0].transport: auto cannot stand beside command"),
            ("command: [x]\nsessions: dedicated", "6: tenants[0].upstreams[0].sessions: a command's are always shared"),
            ("command: []", "5: tenants[0].upstreams[0].command: must begin with a program"),
            ("command: x", "5: tenants[0].upstreams[0].command: must be a list"),
            ("command: [x]\nheaders: {A: b}", "6: tenants[0].upstreams[0].headers: cannot stand beside command"),
            ("url: http://a\nenvironment: {A: b}", "6: tenants[0].upstreams[0].environment: cannot stand beside url"),
            ("url: http://a\ntls: {key: /k}", "6: tenants[0].upstreams[0].tls: is of no use beside an http:// url"),
            ("url: https://a\ntls: {key: /k}", "6: tenants[0].upstreams[0].tls: certificate and key must stand together"),
            ("url: https://a\noauth: {client_id: a}", "6: tenants[0].upstreams[0].oauth: token_url: missing"),
            ("url: https://a\nlimits: {calls: 0}", "6: tenants[0].upstreams[0].limits.calls: must be a whole number from 1 to 1000000"),
            ("url: https://a\npin_tools: 1", "6: tenants[0].upstreams[0].pin_tools: must be true or false"),
            (
                "url: http://a\nheaders:\n  Host: b",
                "7: tenants[0].upstreams[0].headers.Host: not a header's name, or one that is the gateway's to send"
            ),
            (
                "url: http://a\nheaders:\n  \"X Y\": b",
                "7: tenants[0].upstreams[0].headers.X Y: not a header's name, or one that is the gateway's to send"
            ),
            ("url: http://a\nheaders:\n  X: \"b\\n\"", "7: tenants[0].upstreams[0].headers.X: has a control character"),
            ("url: http://a\nheaders:\n  X: a\n  x: b", "8: tenants[0].upstreams[0].headers.x: given twice"),
            (
                "url: http://a\nheaders:\n  X: \"${env:A\"",
                "7: tenants[0].upstreams[0].headers.X: must be a text in which each ${ begins ${env:NAME} or ${file:PATH}"
            ),
        ])
    func refuses(_ members: String, _ message: String) {
        let error = #expect(throws: ConfigurationError.self) { try upstream(members) }
        #expect(error?.description == "t.yaml:\(message)")
    }

    @Test(
        "a secret that stands in the file is refused with its line, and not quoted",
        arguments: [
            ("url: http://a\nheaders:\n  Authorization: Bearer 5ec7e7", 7), ("url: http://a\nheaders:\n  X-API-KEY: 5ec7e7", 7),
            ("url: http://a\nheaders:\n  x-session-cookie: 5ec7e7", 7), ("url: http://a\nheaders: {X-Auth: \"\"}", 6),
            ("command: [x]\nenvironment:\n  A: b\n  DB_PASSWORD: 5ec7e7", 8), ("command: [x]\nenvironment: {github_token: 5ec7e7}", 6),
            ("url: http://a\noauth:\n  token_url: http://b\n  client_id: c\n  client_secret: 5ec7e7", 9),
        ])
    func secrets(_ members: String, _ line: Int) {
        let error = #expect(throws: ConfigurationError.self) { try upstream(members) }
        #expect(error?.line == line)
        #expect(error?.reason.hasSuffix("would be stored in Redis; use ${env:NAME} or ${file:PATH}") == true)
        #expect(error?.description.contains("5ec7e7") == false)
    }

    @Test("the node's own secrets cannot be referred to", arguments: ["X: \"a${env:SATGATE_REDIS_URL}\"", "A: \"${env:satgate_x}\""])
    func ownSecrets(_ header: String) {
        let error = #expect(throws: ConfigurationError.self) { try upstream("url: http://a\nheaders:\n  \(header)") }
        #expect(error?.line == 7 && error?.reason.hasSuffix("is the node's own") == true)
    }

    @Test(
        "a bad tenant is refused with its line",
        arguments: [
            ("tenant: 1", "1: tenant: unknown key; known are tenants"),
            ("tenants:\n- name: Acme\n  upstreams: []", "2: tenants[0].name: must be a name like acme-1"),
            ("tenants:\n- name: a", "2: tenants[0]: upstreams: missing"),
            ("tenants:\n- {name: a, upstreams: []}\n- {name: a, upstreams: []}", "3: tenants[1]: tenant a is stated twice"),
            (
                "tenants:\n- name: a\n  upstreams: []\n  cap: 0.0000001",
                "4: tenants[0].cap: must be credits: a number with at most six decimals"
            ),
            (
                "tenants:\n- name: a\n  upstreams: []\n  colour: red",
                "4: tenants[0].colour: unknown key; known are budgets, cap, default_budget, durability, mode, name, naming, "
                    + "rate_limits, tariff, unbudgeted, upstreams"
            ),
        ])
    func refusesTenants(_ text: String, _ message: String) {
        let error = #expect(throws: ConfigurationError.self) { try tenants(text) }
        #expect(error?.description == "t.yaml:\(message)")
    }
}
