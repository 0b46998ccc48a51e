import ArgumentParser
import Foundation
import Gateway
import Governance
import Macaroons
import Testing

@testable import satgate

@Suite struct TokenCommandTests {
    private static let rootHex = String(repeating: "01", count: 32)

    /// Mints with a file of one key, k1 of acme.
    private func mint(_ arguments: String..., now: Int64 = 1000) throws -> Macaroon {
        let file = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString).yaml")
        try Data("keys: [{id: k1, tenant: acme, secret_hex: \"\(Self.rootHex)\"}]".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try TokenMintCommand.parse(["--keys", file.path] + arguments).token(now: now)
    }

    private func caveats(_ macaroon: Macaroon) -> [String] { macaroon.caveats.map { String(decoding: $0.identifier, as: UTF8.self) } }

    private func judge(_ token: Macaroon, _ arguments: String...) throws -> String {
        switch try TokenVerifyCommand.parse(["--root-key-hex", Self.rootHex, "--token", token.encoded()] + arguments).judgement() {
        case .authorized: "authorized"
        case .unauthorized(let reason): reason
        case .malformed: "malformed"
        }
    }

    @Test("a token is minted with what the command line says")
    func mints() throws {
        let token = try mint(
            "--key", "k1", "--expires", "24h", "--scope", "a,b", "--scope", "c", "--budget", "team", "--budget-limit", "2.50", "--label",
            "x")
        let texts = caveats(token)
        #expect(texts.count == 8 && texts[5].hasPrefix("budget_bind = "))
        #expect(Array(texts[...4]) == ["tenant_id = acme", "expires = 86401000", "scope = a,b", "scope = c", "budget_id = team"])
        #expect(Array(texts[6...]) == ["budget_limit = 2.5", "label = x"])
        #expect(token.encoding == .v2)
    }

    @Test("an expiry may be a duration, a date or milliseconds", arguments: ["59s", "1970-01-01T00:01:00Z", "60000"])
    func expiries(_ text: String) throws {
        #expect(try caveats(mint("--expires", text)).contains("expires = 60000"))
    }

    @Test("a past or unreadable expiry is refused", arguments: ["1000", "1970-01-01T00:00:01Z", "5x", "", "-5s", "999999999999999d"])
    func badExpiries(_ text: String) {
        #expect(throws: (any Error).self) { try mint("--expires=\(text)") }
    }

    @Test("every encoding is minted by its name", arguments: Macaroon.Encoding.allCases)
    func encodings(_ encoding: Macaroon.Encoding) throws {
        let token = try mint("--expires", "1h", "--encoding", encoding.rawValue)
        #expect(token.encoding == encoding)
        #expect(try judge(token, "--now", "2000") == "authorized")
    }

    @Test("a token is judged for a tenant, a tool, a cost and a time")
    func judges() throws {
        let token = try mint("--expires", "1h", "--scope", "search,files:*", "--budget-limit", "5")
        #expect(
            try judge(token, "--now", "1970-01-01T00:00:05Z", "--tenant", "acme", "--tool", "files_read", "--cost", "5") == "authorized")
        #expect(try judge(token, "--now", "5000", "--tenant", "acme2") == "wrong_tenant")
        #expect(try judge(token, "--now", "5000", "--tool", "filesX_read") == "scope")
        #expect(try judge(token, "--now", "5000", "--cost", "5.000001") == "insufficient_budget")
        #expect(try judge(token, "--now", "3601000") == "expired")
        #expect(try judge(token) == "expired")
    }

    @Test("attenuating narrows, and a budget that a holder adds is refused")
    func attenuates() throws {
        let token = try mint("--expires", "1h")
        let narrow = try TokenAttenuateCommand.parse(["--token", token.encoded(), "--caveat", "scope = a", "--caveat", "label = b"])
            .attenuated()
        #expect(caveats(narrow) == caveats(token) + ["scope = a", "label = b"])
        #expect(try judge(narrow, "--now", "5000", "--tool", "b") == "scope")
        let greedy = try TokenAttenuateCommand.parse(["--token", token.encoded(), "--caveat", "budget_id = team"]).attenuated()
        #expect(try judge(greedy, "--now", "5000") == "unsealed_budget")
    }

    @Test("inspecting shows what a token says, harmlessly, and not its signature")
    func inspects() throws {
        let token = try mint("--expires", "1h", "--label", "é").attenuated(by: Array("label = \u{1B}[31m".utf8)).attenuated(by: [0xFF])
        let claims = try TokenClaims(token)
        for shown in [claims.text, try claims.json()] {
            #expect(!shown.contains(token.signature.hex) && !shown.contains("\u{1B}"))
            #expect(shown.contains("label = é") && shown.contains("u{1B}[31m") && shown.contains("hex ff"))
            #expect(try shown.contains(token.id().hex))
        }
    }
}
