import Governance
import Store
import Testing

@Suite("Names of keys and channels")
struct KeyNamesTests {
    @Test("every key of a tenant carries its hash tag")
    func keys() throws {
        let keys = KeyNames.standard.keys(of: try #require(TenantName("acme")))
        let call = try #require(CallID(String(repeating: "0", count: 32)))
        #expect(keys.account(.budget(try #require(BudgetName("team")))) == "satgate:{acme}:account:team")
        #expect(keys.account(.tenant) == "satgate:{acme}:account:_tenant")
        #expect(keys.hold(call) == "satgate:{acme}:hold:" + call.text)
        #expect([keys.holds, keys.head, keys.ledger] == ["satgate:{acme}:holds", "satgate:{acme}:ledger:head", "satgate:{acme}:ledger"])
        #expect([keys.catalogue, keys.dialogues] == ["satgate:{acme}:catalogue", "satgate:{acme}:dialogues"])
        #expect(keys.events == "satgate:events:acme")
        #expect(KeyNames.standard.events(of: nil) == "satgate:events:_")
    }

    @Test(
        "a prefix that could forge a tag or a glob is refused",
        arguments: ["{a}", "a*", "a b", "ä", "a?", String(repeating: "a", count: 65)])
    func prefixes(_ prefix: String) { #expect(KeyNames(prefix: prefix) == nil) }

    @Test("another prefix moves every name")
    func prefix() throws {
        let names = try #require(KeyNames(prefix: "sg-1:"))
        #expect(names.nodes == "sg-1:nodes")
        #expect(names.keys(of: try #require(TenantName("acme"))).holds == "sg-1:{acme}:holds")
    }
}
