import Gateway
import Governance
import Macaroons
import Testing

@Suite struct AuthenticationCaveatTests {
    private let issuer: Issuer

    init() throws { issuer = try Issuer() }

    @Test(
        "a caveat that is not known refuses the token",
        arguments: [
            "", " ", " = ", "tenant_id", "tenant_id=acme", "tenant_id =acme", "tenant_id= acme", " tenant_id = acme", "tenant_id  = acme",
            "Tenant_id = acme", "tenant_id : acme", "region = eu", "budget = 5", "max_calls = 3", "rate_limit = 100/minute", "scopes = *",
            "ip = 10.0.0.1", "not_before = 0", "label\u{301} = x", "\u{FEFF}label = x",
        ])
    func unknown(_ caveat: String) throws {
        issuer.expect(.unknownCaveat, try issuer.acmeToken([caveat]))
    }

    @Test(
        "a known caveat with a value that does not follow its form refuses the token",
        arguments: [
            "tenant_id = ", "tenant_id =  acme", "tenant_id = acme ", "tenant_id = Acme", "tenant_id = {acme}", "tenant_id = _x",
            "tenant_id = é",
            "expires = ", "expires = 5m", "expires = 1h30m", "expires = 1e12", "expires = -1", "expires = +1", "expires = 1.5",
            "expires = 0x10",
            "expires = 1234567890123456", "expires =  1893456000000", "expires = 2030-01-01", "expires = 2030-01-01T00:00:00",
            "expires = 2030-13-99T00:00:00Z", "expires = 2030-02-29T00:00:00Z", "expires = 2030-01-01T24:00:00Z",
            "expires = 2030-01-01T00:00:60Z", "expires = 2030-01-01 00:00:00Z", "expires = 2030-01-01t00:00:00z",
            "expires = 2030-01-01T00:00:00.Z", "expires = 2030-01-01T00:00:00+0100", "expires = 2030-01-01T00:00:00+24:00",
            "expires = 2030-01-01T00:00:00Z ", "expires = 1969-12-31T23:59:59Z", "expires = never", "scope = ", "scope = ,", "scope = a,,b",
            "scope = a,", "budget_id = ", "budget_id = _team", "budget_id = a b", "budget_id = {x}", "budget_id = a*", "budget_bind = ",
            "budget_bind = 00", "budget_limit = ", "budget_limit = -1", "budget_limit = +1", "budget_limit = 1e3", "budget_limit = .5",
            "budget_limit = 5.", "budget_limit = 1.0000001", "budget_limit = 1,5", "budget_limit = 9007199255", "budget_limit = 5 ",
            "delegation_depth = ", "delegation_depth = -1", "delegation_depth = 1.5", "delegation_depth = 1000", "delegation_budget = ",
            "delegation_budget = x", "parent = ", "parent = b0bce5680bd6", "parent = " + String(repeating: "ab", count: 32) + ",",
            "label = ",
        ])
    func unreadable(_ caveat: String) throws {
        issuer.expect(.unreadableCaveat, try issuer.acmeToken([caveat]))
    }

    @Test(
        "a caveat that is no plain text refuses the token",
        arguments: [
            Array("label = a\nb".utf8), Array("label = a\u{0}".utf8), Array("label = \u{7F}".utf8), Array("label = \u{85}".utf8),
            Array("tenant_id = acme\n".utf8), Array("label = x".utf8) + [0xFF], Array("label = ".utf8) + [0xC3], [0xED, 0xA0, 0x80], [0x1B],
        ])
    func notText(_ caveat: [UInt8]) throws {
        issuer.expect(.caveatNotText, try issuer.acmeToken().attenuated(by: caveat))
    }

    @Test("every known caveat in its form is accepted")
    func known() throws {
        let parent = String(repeating: "ab", count: 32)
        let token = try issuer.acmeToken([
            "expires = 2030-01-01T01:00:00.5+01:00", "scope = a , b:*", "budget_limit = 0.000001", "delegation_depth = 3",
            "delegation_budget = 50.25", "parent = \(parent)", "label = a = b", "label = café 😀",
        ])
        let grant = try issuer.identify(token)
        #expect(grant.expires == expiry)
        #expect(grant.scope.clauses.map(\.words) == [["a", "b:*"]])
        #expect(grant.label == "a = b", "the issuer's label stands, split at the first ` = `")
        #expect(grant.lineage.map(\.text).contains(parent) && grant.lineage.last == grant.token)
        #expect(grant.lineage.first?.text != parent, "no holder names another root")
        #expect(grant.delegationDepth == 3 && grant.delegationBudget == Credits(decimal: "50.25"))
    }

    @Test("a token without a tenant or an expiry is refused, also where its key is one tenant's")
    func required() throws {
        issuer.expect(.noTenant, try issuer.token(["expires = \(expiry)"]))
        issuer.expect(.noExpiry, try issuer.token(["tenant_id = acme"]))
        issuer.expect(.noTenant, try issuer.token([]))
        issuer.expect(.noTenant, try issuer.token(["expires = \(expiry)"], by: issuer.anyone))
    }

    @Test("another tenant than the key's is refused, before or after the right one")
    func tenants() throws {
        issuer.expect(.wrongTenant, try issuer.token(["tenant_id = globex", "expires = \(expiry)"]))
        issuer.expect(.conflictingTenants, try issuer.acmeToken(["tenant_id = globex"]))
        issuer.expect(.conflictingTenants, try issuer.token(["tenant_id = globex", "tenant_id = acme", "expires = \(expiry)"]))
        #expect(try issuer.identify(issuer.acmeToken(["tenant_id = acme"])).tenant.text == "acme")
    }

    @Test("a key of any tenant signs for the tenant that its token names, and only for one")
    func anyTenant() throws {
        let token = try issuer.token(["tenant_id = initech", "expires = \(expiry)"], by: issuer.anyone)
        #expect(try issuer.identify(token).tenant.text == "initech")
        issuer.expect(.conflictingTenants, try token.adding("tenant_id = acme"))
    }

    @Test("repeated caveats intersect: the earliest expiry, every scope, every limit")
    func intersect() throws {
        let token = try issuer.acmeToken(["scope = search", "budget_limit = 5"])
        let wider = try issuer.identify(token.adding("expires = \(expiry + 1)", "scope = *", "budget_limit = 500"))
        #expect(wider.expires == expiry)
        #expect(wider.scope.clauses.map(\.words) == [["search"], ["*"]])
        #expect(!wider.scope.allows(name: "files_read") && wider.scope.allows(name: "search"))
        #expect(wider.caps.map(\.limit.description) == ["5", "500"])
        let narrower = try issuer.identify(token.adding("expires = \(expiry - 1)", "scope = nothing"))
        #expect(narrower.expires == expiry - 1)
        #expect(!narrower.scope.allows(name: "search"))
    }

    @Test("a late caveat is judged even when an early one has already refused the token")
    func noEarlyExit() throws {
        issuer.expect(.unknownCaveat, try issuer.acmeToken(["region = eu", "tenant_id = globex", "expires = 5m"]))
        issuer.expect(.unreadableCaveat, try issuer.acmeToken(["expires = 5m", "region = eu"]))
    }

    @Test("SatGate's argument rules, which are not understood here, allow nothing")
    func argumentRules() throws {
        let grant = try issuer.identify(issuer.acmeToken(["scope = argrules:v1:00112233445566778899aabbccddeeff:eyJ2IjoxfQ"]))
        #expect(!grant.scope.allows(name: "search"))
    }

    @Test("an instant is read alike in milliseconds and in RFC 3339")
    func timestamps() {
        #expect(Timestamp.milliseconds("1893456000000") == expiry)
        #expect(Timestamp.milliseconds("2030-01-01T00:00:00Z") == expiry)
        #expect(Timestamp.milliseconds("2029-12-31T19:30:00-04:30") == expiry)
        #expect(Timestamp.milliseconds("2030-01-01T00:00:00.9999Z") == expiry + 999)
        #expect(Timestamp.milliseconds("2028-02-29T12:34:56.007Z") == 1_835_440_496_007)
        #expect(Timestamp.milliseconds("1970-01-01T00:00:00Z") == 0)
        #expect(Timestamp.milliseconds("9999-12-31T23:59:59Z") == 253_402_300_799_000)
    }
}
