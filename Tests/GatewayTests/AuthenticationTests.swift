import Gateway
import Governance
import Macaroons
import Testing

@Suite struct AuthenticationTests {
    private let issuer: Issuer

    init() throws { issuer = try Issuer() }

    @Test("a token of every encoding is identified", arguments: Macaroon.Encoding.allCases)
    func everyEncoding(_ encoding: Macaroon.Encoding) throws {
        var terms = try TokenTerms.sample(budget: "team", limit: "60", scopes: ["search,files:*", "*"])
        terms.label = "nightly"
        let token = try TokenMint(key: issuer.acme).mint(terms, encoding: encoding)
        let grant = try issuer.identify(token)
        #expect(grant.tenant.text == "acme" && grant.expires == expiry && grant.label == "nightly" && grant.budget?.text == "team")
        #expect(grant.scope.clauses.map(\.words) == [["search", "files:*"], ["*"]])
        #expect(grant.caps.map(\.limit.description) == ["60"])
        #expect(try grant.token.text == token.id().hex)
        #expect(grant.lineage.count == token.caveats.count + 1 && grant.lineage.last == grant.token)
        #expect(try issuer.authenticator.identify(token: token.encoded(), now: 0).token == grant.token)
    }

    @Test("the scheme may be written in any case and be followed by spaces", arguments: ["Bearer ", "bearer ", "BEARER ", "bEaReR   "])
    func scheme(_ scheme: String) throws {
        let text = try issuer.acmeToken().encoded()
        #expect(throws: Never.self) { try issuer.authenticator.identify(authorization: scheme + text, now: 0) }
    }

    @Test(
        "without a bearer token nobody is identified",
        arguments: [nil, "", "Bearer", "Bearer ", "Bearer   ", "Basic abc", "Bearers x", "Bearer\tx"])
    func noToken(_ header: String?) {
        #expect(throws: AuthenticationError.missing) { try issuer.authenticator.identify(authorization: header, now: 0) }
    }

    @Test("what is no macaroon is refused unread", arguments: ["x", "AgI", "\u{0}", "é", "{}", String(repeating: "A", count: 100_000)])
    func malformed(_ token: String) {
        #expect(throws: AuthenticationError.malformed) { try issuer.authenticator.identify(authorization: "Bearer \(token)", now: 0) }
        #expect(!AuthenticationError.malformed.signatureProved)
    }

    @Test("spaces after the token are not part of any token")
    func trailingSpace() throws {
        let text = try issuer.acmeToken().encoded()
        #expect(throws: AuthenticationError.malformed) { try issuer.authenticator.identify(authorization: "Bearer \(text) ", now: 0) }
    }

    @Test("an unknown key, another key's id, no key id and a changed signature are the same refusal")
    func unproved() throws {
        let caveats = ["tenant_id = acme", "expires = \(expiry)"]
        let stranger = try Issuer.key("k9", "acme", 9)
        for token in [
            try issuer.token(caveats, by: stranger), try issuer.token(caveats, by: stranger, id: "k1:00"),
            try issuer.token(caveats, id: "k2:00"), try issuer.token(caveats, id: "k1"), try issuer.token(caveats, id: ""),
            try issuer.token(caveats, id: ":k1"), try issuer.token(caveats, id: "K1:00"), try issuer.token(caveats, id: "k1 :00"),
        ] {
            #expect(throws: AuthenticationError.unproved) { try issuer.identify(token) }
        }
        #expect(AuthenticationError.unproved.label == "bad_signature" && !AuthenticationError.unproved.signatureProved)
    }

    @Test("SatGate's own identifiers are tried with the keys that accept them, and with no other")
    func satgate() throws {
        let caveats = ["expires = 4102444800000", "scope = search", "tenant_id = ten_a", "budget_limit = 60"]
        let id = "satgate-capability-v1:1767225600000"
        let token = try issuer.token(caveats, by: issuer.satgate, id: id, encoding: .satgate)
        #expect(try token.satgateID() == "b0bce5680bd6")
        #expect(try issuer.identify(token).tenant.text == "ten_a")
        for refused in [
            try issuer.token(caveats, by: issuer.acme, id: id, encoding: .satgate), try issuer.token(caveats, by: issuer.satgate, id: id),
            try issuer.token(caveats, by: issuer.satgate, id: id + "x", encoding: .satgate),
            try issuer.token(caveats, by: issuer.satgate, id: "satgate-capability-v1:", encoding: .satgate),
        ] {
            #expect(throws: AuthenticationError.unproved) { try issuer.identify(refused) }
        }
    }

    @Test("a ring of four keys for SatGate's identifiers proves the token of each, and a fifth is refused")
    func satgateKeys() throws {
        let keys = try (0..<5).map { index in
            try #require(
                KeyRing.Key(
                    id: "s\(index)", tenant: TenantName("t\(index)"), acceptsSatGate: true, root: RootKey(secret: "secret-\(index)")))
        }
        let authenticator = Authenticator(ring: try KeyRing(Array(keys.prefix(4))))
        for (index, key) in keys.prefix(4).enumerated() {
            let token = try issuer.token(
                ["tenant_id = t\(index)", "expires = \(expiry)"], by: key, id: "satgate-capability-v1:1", encoding: .satgate)
            #expect(try authenticator.identify(token: token.encoded(), now: 0).tenant.text == "t\(index)")
        }
        #expect(throws: KeyRing.Flaw.tooManySatGateKeys) { try KeyRing(keys) }
    }

    @Test("a ring has one key per id and one id per secret")
    func ring() throws {
        let twin = try #require(KeyRing.Key(id: "k1", tenant: TenantName("globex"), root: RootKey(secret: "another")))
        #expect(throws: KeyRing.Flaw.sameID("k1")) { try KeyRing([issuer.acme, twin]) }
        let alias = try #require(KeyRing.Key(id: "k3", tenant: TenantName("globex"), root: issuer.acme.root))
        #expect(throws: KeyRing.Flaw.sameSecret("k1", "k3")) { try KeyRing([issuer.acme, alias]) }
        for id in ["", ":", "a:b", "a b", "-a", "é", "satgate-capability-v1", String(repeating: "a", count: 65)] {
            #expect(KeyRing.Key(id: id, tenant: nil, root: issuer.acme.root) == nil)
        }
    }

    @Test("a token is valid until the millisecond before its expiry")
    func expires() throws {
        let token = try issuer.acmeToken()
        #expect(throws: Never.self) { try issuer.identify(token, now: expiry - 1) }
        issuer.expect(.expired, token, now: expiry)
        issuer.expect(.expired, token, now: expiry + 1)
    }

    @Test("an error says whose token it was only when a key proved it")
    func tenantOfError() throws {
        let id = try #require(TokenID(issuer.acmeToken().id().hex))
        #expect(throws: AuthenticationError.refused(.expired, tenant: TenantName("acme"), token: id)) {
            try issuer.identify(issuer.acmeToken(), now: expiry)
        }
        let nobody = try issuer.token(["expires = \(expiry)"], by: issuer.anyone)
        let error = #expect(throws: AuthenticationError.self) { try issuer.identify(nobody) }
        guard case .refused(.noTenant, tenant: nil, token: _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
