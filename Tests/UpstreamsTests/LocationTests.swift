import Testing

@testable import Upstreams

@Suite("URLs of upstreams")
struct LocationTests {
    @Test("a URL is split into origin and target")
    func split() throws {
        let plain = try #require(Location("http://Example.com/mcp?x=1"))
        #expect(plain.origin == Origin(isSecure: false, host: "example.com", port: 80) && plain.target == "/mcp?x=1")
        #expect(plain.origin.authority == "example.com")
        let secure = try #require(Location("HTTPS://a.b:8443"))
        #expect(secure.origin.authority == "a.b:8443" && secure.target == "/" && secure.origin.isSecure)
        let address = try #require(Location("https://[::1]:443/x"))
        #expect(address.origin.host == "::1" && address.origin.authority == "[::1]")
        #expect(Location("http://h?q")?.target == "/?q")
    }

    @Test(
        "what cannot be requested is refused",
        arguments: [
            "", "http://", "ftp://a/", "//a", "http://u:p@a/", "http://a/#f", "http://a:0/", "http://a:65536/", "http://a:/", "http://a b/",
            "http://a\r\n/", "http://ä/", "http://a:b:1/", "http://[::1/", "http://[::1]x/", "http://:80/",
        ])
    func refused(_ url: String) { #expect(Location(url) == nil) }
}
