import Gateway
import Governance
import Macaroons
import Testing

@Suite("Tokens that a node mints for an operator")
struct RingIssuerTests {
    private let issuer: Issuer
    private let acme: TenantName

    init() throws {
        issuer = try Issuer()
        acme = try #require(TenantName("acme"))
    }

    private func order() -> TokenOrder { TokenOrder(expires: 1_893_456_000_000) }

    @Test("the tenant's own key signs, else one of any tenant, else none")
    func keys() throws {
        let own = RingIssuer(try KeyRing([issuer.anyone, issuer.acme]))
        #expect(try own.mint(order(), of: acme).key == issuer.acme.id)
        let other = try #require(TenantName("globex"))
        #expect(try own.mint(order(), of: other).key == issuer.anyone.id)
        let ring = RingIssuer(try KeyRing([issuer.acme]))
        #expect(throws: TokenOrderFlaw.noKey) { try ring.mint(order(), of: other) }
        var named = order()
        named.key = issuer.acme.id
        #expect(throws: TokenOrderFlaw.wrongKey) { try ring.mint(named, of: other) }
        named.key = "none"
        #expect(throws: TokenOrderFlaw.wrongKey) { try ring.mint(named, of: acme) }
    }

    @Test("what is ordered stands in the token, whose text is printed nowhere")
    func content() throws {
        let ring = RingIssuer(try KeyRing([issuer.acme]))
        var order = order()
        order.scopes = ["a,b"]
        order.budget = BudgetName("team")
        order.limit = Credits(decimal: "2.5")
        order.label = "job"
        let token = try ring.mint(order, of: acme)
        let grant = try issuer.identify(try Macaroon(decoding: token.text))
        #expect(grant.token == token.id && grant.tenant == acme && grant.budget?.text == "team" && grant.label == "job")
        #expect(grant.caps.map(\.limit) == [Credits(decimal: "2.5")] && grant.expires == order.expires && !grant.scope.allows(name: "c"))
        var dumped = ""
        dump(token, to: &dumped)
        #expect(!"\(token)".contains(token.text) && !dumped.contains(token.text))
        #expect(ring.statement(of: token.text) == TokenStatement(id: token.id, tenant: acme, expires: order.expires))
        #expect(ring.statement(of: "no token") == nil)
    }

    @Test("what a node would refuse is not minted")
    func refused() throws {
        let ring = RingIssuer(try KeyRing([issuer.acme]))
        var label = order()
        label.label = "a\nb"
        #expect(throws: TokenOrderFlaw.refused("caveat_not_text")) { try ring.mint(label, of: acme) }
        label.label = String(repeating: "x", count: 2_000)
        #expect(throws: TokenOrderFlaw.tooLong) { try ring.mint(label, of: acme) }
    }
}
