import Governance
import Testing

@Suite("Names")
struct NamesTests {
    @Test(
        "of tenants and budgets are safe in keys and channels",
        arguments: ["a", "acme", "0x", "a.b_c-D9", String(repeating: "a", count: 64)])
    func accepted(text: String) {
        #expect(TenantName(text)?.text == text)
        #expect(BudgetName(text)?.text == text)
    }

    @Test(
        "that could forge a hash tag, a glob, a channel or one of our own are refused",
        arguments: [
            "", "A", "_ours", ".a", "-a", "a}b", "a{b", "a*", "a?b", "a:b", "a b", "a\nb", "café", String(repeating: "a", count: 65),
        ])
    func refused(text: String) {
        #expect(TenantName(text) == nil)
        #expect(BudgetName(text) == nil)
    }

    @Test(
        "of upstreams are lower-case words",
        arguments: [("git", true), ("a-1", true), ("1a", false), ("a_b", false), ("A", false), ("", false)])
    func upstreams(text: String, isName: Bool) { #expect((UpstreamName(text) != nil) == isName) }

    @Test("of accounts are told apart by their spelling")
    func accounts() throws {
        let cap = AccountName.cap(try #require(TokenID(String(repeating: "a", count: 64))))
        let budget = AccountName.budget(try #require(BudgetName("team")))
        for account in [cap, budget, .tenant] { #expect(AccountName(account.text) == account) }
        #expect(AccountName("_cap.xyz") == nil)
        #expect(AccountName("_other") == nil)
    }

    @Test("made at random are well-formed and differ")
    func random() {
        #expect(CallID(CallID().text) != nil)
        #expect(SessionID(SessionID().text) != nil)
        #expect(NodeID(NodeID().text) != nil)
        #expect(Set((0..<1000).map { _ in CallID() }).count == 1000)
        #expect(SessionID(CallID().text.uppercased() + "x") == nil)
    }

    @Test("a zone's name cannot lead out of a directory")
    func zones() {
        for name in ["UTC", "Europe/Berlin", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "America/Port-au-Prince"] {
            #expect(ZoneName(name)?.text == name)
        }
        for name in ["", "/etc/passwd", "..", "../x", "Europe/../x", "Europe//Berlin", "Europe/", ".hidden", "a b", "a\\b", "a\0", "é"] {
            #expect(ZoneName(name) == nil)
        }
        #expect(ZoneName(String(repeating: "a", count: 65)) == nil)
    }
}
