import Governance
import Store
import Testing
import TimeZones

@testable import satgate

@Suite("Tenants' documents as JSON")
struct TenantDocumentReaderTests {
    private let reader = TenantDocumentReader(zones: ZoneDatabase())

    @Test("a document is read as it is written, whatever its texts are")
    func roundTrip() throws {
        let texts = [
            "plain", "a: b # c", "\"\\\t", "é😀\u{2028}", "- x", "", "true", "0x10", "{}", "*a", "&b", "!t", "%", "@", "`", "line\nline",
            "  x  ",
        ]
        for text in texts {
            let json = DocumentValue.object([
                "name": .text("acme"), "mode": .text("soft"), "cap": .number("0.000001"),
                "upstreams": .list([
                    .object(["name": .text("u"), "url": .text("https://x.example/"), "headers": .object(["X-Text": .text(text)])]),
                    .object(["name": .text("p"), "command": .list([.text("run"), .text(text)])]),
                ]),
            ]).json
            guard let tenant = try? reader.tenant(in: Array(json.utf8)) else {
                // Only what a header or an argument must not hold.
                #expect(text.contains("\n") || text.isEmpty || text.contains("\t"), "\(text)")
                continue
            }
            #expect(try reader.tenant(in: Array(reader.json(of: tenant).utf8)) == tenant, "\(text)")
            if case .command(let command) = tenant.upstreams[1].place { #expect(command.arguments == ["run", text]) }
        }
    }

    @Test(
        "what is no document is refused with the place and without its values",
        arguments: [
            (#"{"name":"acme","upstreams":[{"name":"u","url":7}]}"#, "upstreams[0].url: "),
            (#"{"name":"acme","upstreams":[],"cap":"s3cret"}"#, "cap"),
            (#"{"name":"acme","upstreams":[],"s3cret":1}"#, "s3cret: unknown key"),
            (#"{"upstreams":[]}"#, "name: missing"), (#"{"name":"acme"}"#, "upstreams: missing"),
            (#"[]"#, "the document is not an object"), (#""x""#, "the document is not an object"), ("", "the document is not JSON"),
            (#"{"name":"acme","upstreams":null}"#, "the document is not JSON"),
        ])
    func flaws(_ json: String, _ place: String) {
        do throws(DocumentFlaw) {
            _ = try reader.tenant(in: Array(json.utf8))
            Issue.record("taken: \(json)")
        } catch {
            #expect(error.reason.hasPrefix(place), "\(error.reason)")
            #expect(!error.reason.contains("\"s3cret\""))
        }
    }
}
