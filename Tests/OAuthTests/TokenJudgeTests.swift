import Gateway
import Governance
import OneShotHTTP
import Testing

@testable import OAuth

/// 2001-09-09, in seconds.
private let now: Double = 1_000_000_000

@Suite("The judgement of an access token's claims")
struct TokenJudgeTests {
    private let terms: IssuerTerms
    private let good: [String: ClaimValue] = [
        "iss": .text("https://login.example"), "sub": .text("zoe"), "client_id": .text("cli"), "aud": .text("https://tools.example/mcp"),
        "exp": .number(now + 60), "org": .object(["id": .text("o-1")]), "scope": .text("openid read"), "plan": .text("gold"),
    ]

    init() throws {
        let acme = try #require(TenantName("acme")), team = try #require(BudgetName("team"))
        var terms = IssuerTerms(
            issuer: "https://login.example", address: try #require(HTTPAddress("https://login.example")),
            audiences: ["https://tools.example/mcp"], tenant: .mapped("org.id", ["o-1": acme]))
        terms.scope = ScopeRule(claim: "scope", words: ["read": ["echo"], "all": ["*"]])
        terms.budget = .mapped("plan", ["gold": team])
        terms.limit = Credits(decimal: "3")
        terms.label = "name"
        self.terms = terms
    }

    private func grant(_ change: [String: ClaimValue?] = [:], under other: IssuerTerms? = nil) throws -> Grant {
        var claims = good
        for (name, value) in change { claims[name] = value }
        return try TokenJudge(terms: other ?? terms, claims: Claims(claims)).grant(now: Int64(now) * 1000)
    }

    private func reason(_ change: [String: ClaimValue?]) -> AuthenticationError.Reason? {
        do { _ = try grant(change) } catch AuthenticationError.refused(let reason, _, _) { return reason } catch {}
        return nil
    }

    @Test("is the issuer's terms applied")
    func applies() throws {
        let grant = try grant(["name": .text("Zoë")])
        #expect(grant.tenant.text == "acme" && grant.budget?.text == "team" && grant.label == "Zoë")
        #expect(grant.scope == Scope(clauses: [Scope.Clause(words: ["echo"])]))
        #expect(grant.expires == Int64(now + 60) * 1000)
        #expect(grant.caps == [Grant.Cap(prefix: grant.token, limit: try #require(Credits(decimal: "3")))])
        #expect(grant.access == Grant.Access(issuer: "https://login.example", scopes: ["openid", "read"]))
    }

    @Test("names the same caller by the same id, whatever the token, and any other by another")
    func identity() throws {
        let one = try grant()
        #expect(try grant(["exp": .number(now + 9), "jti": .text("x")]).lineage == one.lineage)
        #expect(one.lineage.last == one.token)
        let others = try [grant(["sub": .text("max")]), grant(["client_id": .text("web")]), grant(["client_id": nil])]
        #expect(Set(others.map(\.token) + [one.token]).count == 4)
        #expect(try grant(["client_id": nil, "azp": .text("cli")]).token == one.token)
        #expect(try grant(["sub": .text("zoe3:cli"), "client_id": .text("")]).token != one.token, "texts do not run into each other")
        #expect(others[1].lineage.first == one.lineage.first, "the subject is the same through another client")
    }

    @Test(
        "refuses a token with its reason",
        arguments: [
            (["aud": .text("https://other.example")], .wrongAudience), (["aud": nil], .wrongAudience),
            (["aud": .number(1)], .wrongAudience),
            (["exp": nil], .noExpiry), (["exp": .text("1000000060")], .noExpiry), (["exp": .number(1e40)], .noExpiry),
            (["exp": .number(-1)], .noExpiry), (["exp": .number(now)], .expired),
            (["nbf": .number(now + 31)], .notYetValid), (["nbf": .text("now")], .notYetValid),
            (["sub": nil], .noSubject), (["sub": .text("")], .noSubject), (["sub": .number(7)], .noSubject),
            (["org": nil], .noTenant), (["org": .object(["id": .text("o-2")])], .noTenant), (["org.id": .text("o-2")], .noTenant),
            (["scope": .text("openid")], .insufficientScope), (["scope": nil], .insufficientScope),
            (["plan": .text("free")], .noBudget), (["plan": nil], .noBudget),
        ] as [([String: ClaimValue?], AuthenticationError.Reason)])
    func refuses(_ change: [String: ClaimValue?], _ expected: AuthenticationError.Reason) {
        #expect(reason(change) == expected)
    }

    @Test("forgives an issuer's clock thirty seconds where a token begins, and none where it ends")
    func leeway() throws {
        #expect(throws: Never.self) { try grant(["nbf": .number(now + 30)]) }
        #expect(throws: Never.self) { try grant(["exp": .number(now + 0.001)]) }
        #expect(reason(["exp": .number(now - 0.001)]) == .expired)
    }

    @Test("takes no label that cannot be shown", arguments: ["", "a\u{1B}[31m", String(repeating: "x", count: 201)])
    func label(_ text: String) throws {
        #expect(try grant(["name": .text(text)]).label == nil)
    }

    @Test("takes the claim's own text where nothing maps it")
    func open() throws {
        var other = terms
        other.tenant = .stated("tenant") { TenantName($0) }
        other.scope = ScopeRule(claim: "scp", words: nil)
        let grant = try grant(["tenant": .text("globex"), "scp": .list([.text("docs:*"), .text("echo x")])], under: other)
        #expect(grant.tenant.text == "globex" && grant.scope.clauses == [Scope.Clause(words: ["docs:*", "echo", "x"])])
        #expect(other.tenant.isOpen && !terms.tenant.isOpen)
    }
}
