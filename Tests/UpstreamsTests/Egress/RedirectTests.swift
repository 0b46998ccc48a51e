import Governance
import MCPWire
import NIOCore
import NIOHTTP1
import Testing

@testable import Upstreams

@Suite("Redirects of upstreams")
struct RedirectTests {
    private static func redirect(_ status: Int, to place: String) -> ScriptedServer.Step {
        .send("HTTP/1.1 \(status) Redirect\r\nLocation: \(place)\r\nContent-Length: 0\r\n\r\n")
    }

    @Test("a redirect within the origin is followed, and remembered", arguments: [307, 308], ["/mcp/", "absolute", "mcp/"])
    func followed(_ status: Int, _ place: String) async throws {
        try await ScriptedServer.run({ request in
            guard request.head.uri == "/mcp" else { return nil }
            let place = place == "absolute" ? "http://\(request.head.headers["host"].first ?? "")/mcp/" : place
            return [Self.redirect(status, to: place)]
        }) { server, url in
            let tenant = try Tenant.of([.at(url, headers: ["X-Key": Template(literal: "k")])])
            try await Workbench.run([tenant]) { bench in
                try await bench.expectUp(of: tenant)
                #expect(server.requests.map(\.head.uri) == ["/mcp"] + Array(repeating: "/mcp/", count: server.requests.count - 1))
                #expect(server.requests.allSatisfy { $0.head.headers["x-key"] == ["k"] })
            }
        }
    }

    @Test("a call that is redirected runs once, where the redirect points to")
    func call() async throws {
        try await ScriptedServer.run({ request in
            request.method == Method.toolsCall && request.head.uri == "/mcp" ? [Self.redirect(307, to: "/other")] : nil
        }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                for _ in 0..<2 { try await bench.expectUp(of: tenant) }
                #expect(server.requests(Method.toolsCall).map(\.head.uri) == ["/mcp", "/other", "/other"])
            }
        }
    }

    @Test(
        "a redirect to another origin is not followed, and the call did not run",
        arguments: ["http://169.254.169.254/", "https://127.0.0.1/mcp", "//other.example/mcp", "file:///etc/passwd", "gopher://a/", ""])
    func crossOrigin(_ place: String) async throws {
        try await ScriptedServer.run({ $0.method == Method.toolsCall ? [Self.redirect(307, to: place)] : nil }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let failure = try await bench.failure("t", of: tenant)
                #expect(!failure.mayHaveRun && failure.reason == "HTTP 307")
                #expect(server.requests(Method.toolsCall).count == 1)
            }
        }
    }

    @Test("other redirects are not followed", arguments: [301, 302, 303])
    func others(_ status: Int) async throws {
        try await ScriptedServer.run({ $0.method == Method.toolsCall ? [Self.redirect(status, to: "/other")] : nil }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let failure = try await bench.failure("t", of: tenant)
                #expect(failure.mayHaveRun && failure.reason == "HTTP \(status)")
                #expect(server.requests(Method.toolsCall).count == 1)
            }
        }
    }

    @Test("redirects that never end are given up after three")
    func endless() async throws {
        try await ScriptedServer.run({ request in
            request.method == Method.toolsCall ? [Self.redirect(307, to: "\(request.head.uri)x")] : nil
        }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let failure = try await bench.failure("t", of: tenant)
                #expect(!failure.mayHaveRun && failure.reason == "HTTP 307")
                #expect(server.requests(Method.toolsCall).count == 4)
            }
        }
    }

    @Test("where the remembered target is gone the document's URL is used again")
    func forgotten() async throws {
        let (redirects, gone) = (Box<Bool>(), Box<Bool>())
        redirects.value = true
        try await ScriptedServer.run({ request in
            if request.head.uri == "/mcp" { return redirects.value == true ? [Self.redirect(307, to: "/mcp/")] : nil }
            return gone.value == true ? [.send(ScriptedServer.response("", status: "404 Not Found"))] : nil
        }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                try await bench.expectUp(of: tenant)
                (redirects.value, gone.value) = (false, true)
                try await eventually("calls are answered") { (try? await bench.answer("t", of: tenant)) != nil }
                #expect(server.requests(Method.toolsCall).last?.head.uri == "/mcp")
            }
        }
    }

    @Test("an endpoint that an upstream names is taken with the document's credentials, within its origin only")
    func siblings() throws {
        let document = try UpstreamDocument.at("http://h.example/sse", headers: ["X-Key": Template(literal: "k")])
        let tenant = try #require(TenantName("acme"))
        let endpoint = try #require(Endpoint(document, tenant: tenant, secrets: NodeSecrets(environment: [:]), agent: "a"))
        let sibling = try #require(endpoint.sibling("/message?session=1"))
        let head = String(buffer: try sibling.prepared([("X-Line", "l")], method: .get).request([]))
        #expect(head.hasPrefix("GET /message?session=1 HTTP/1.1\r\nHost: h.example\r\n"))
        #expect(head.contains("\r\nX-Key: k\r\nX-Line: l\r\n") && head.contains("User-Agent: a\r\n") && !head.contains("Content-Type"))
        for other in ["https://h.example/message", "http://h.example:8080/", "//other.example/", "http://169.254.169.254/"] {
            #expect(endpoint.sibling(other) == nil, "\(other)")
        }
    }

    @Test("references are resolved within their place")
    func references() throws {
        let place = try #require(Location("https://h.example/a/b?q"))
        let resolved = [
            "/c": "/c", "c": "/a/c", "c/d?e=/f": "/a/c/d?e=/f", "?x": "/a/b?x", "//h.example/y#z": "/y", "https://h.example:443/c": "/c",
        ]
        for (reference, target) in resolved { #expect(place.resolving(reference)?.target == target, "\(reference)") }
        #expect(resolved.keys.allSatisfy { place.resolving($0)?.origin == place.origin })
        for reference in ["", "mailto:a", "file:///x", "c:d", "http://", "/a b", "/ä"] {
            #expect(place.resolving(reference) == nil, "\(reference)")
        }
        #expect(place.resolving("http://h.example/c")?.origin != place.origin)
    }
}
