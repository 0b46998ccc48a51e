import Foundation
import Gateway
import Governance
import Macaroons
import Testing

@Suite struct AuthenticationMintTests {
    private let issuer: Issuer

    init() throws { issuer = try Issuer() }

    @Test("caveats are minted in one order, with the seal directly after its budget")
    func order() throws {
        var terms = try TokenTerms.sample(budget: "team", limit: "0.5", scopes: ["a,b", "c"])
        terms.label = "x"
        let token = try TokenMint(key: issuer.acme).mint(terms)
        let keys = token.caveats.map { String(decoding: $0.identifier.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self) }
        #expect(keys == ["tenant_id", "expires", "scope", "scope", "budget_id", "budget_bind", "budget_limit", "label"])
        #expect(token.encoding == .v2)
    }

    @Test("an identifier is the key's id and 128 random bits")
    func identifier() throws {
        let mint = TokenMint(key: issuer.acme)
        let identifiers = try (0..<100).map { _ in try String(decoding: mint.mint(.sample()).identifier, as: UTF8.self) }
        #expect(Set(identifiers).count == 100)
        #expect(identifiers.allSatisfy { $0.wholeMatch(of: /k1:[0-9a-f]{32}/) != nil })
    }

    @Test("the mint makes no token that the gateway would refuse")
    func refusesItself() throws {
        let mint = TokenMint(key: issuer.acme)
        var label = try TokenTerms.sample()
        label.label = "a\nb"
        #expect(throws: TokenMintError.refused(.caveatNotText)) { try mint.mint(label) }
        #expect(throws: TokenMintError.refused(.unreadableCaveat)) { try mint.mint(.sample(scopes: ["a,,b"])) }
        var globex = try TokenTerms.sample()
        globex.tenant = TenantName("globex")
        #expect(throws: TokenMintError.wrongTenant(try #require(TenantName("acme")))) { try mint.mint(globex) }
        #expect(throws: TokenMintError.noTenant) { try TokenMint(key: issuer.anyone).mint(.sample()) }
        #expect(throws: TokenMintError.macaroon(.caveatTooLong)) {
            try mint.mint(.sample(scopes: [String(repeating: "a", count: 1024)]))
        }
        #expect(try TokenMint(key: issuer.anyone).mint(globex).verify(rootKey: issuer.anyone.root) != nil)
    }

    @Test("tokens have the bytes that other implementations computed", arguments: [Macaroon.Encoding.v1, .v2, .satgate])
    func pinned(_ encoding: Macaroon.Encoding) throws {
        var terms = try TokenTerms.sample(budget: "team", limit: "2.5", scopes: ["search,files:*"])
        terms.label = "café"
        let token = try TokenMint(key: issuer.acme).mint(terms, encoding: encoding, nonce: [UInt8](repeating: 0, count: 16))
        #expect(token.encoded() == Self.pins[encoding])
        #expect(try issuer.identify(token).budget?.text == "team")
    }

    /// v1 and v2 by pymacaroons 0.13.0; SatGate's from its published formula, in Python.
    private static let pins: [Macaroon.Encoding: String] = [
        .v1: """
        MDAxNWxvY2F0aW9uIHNhdGdhdGUKMDAzM2lkZW50aWZpZXIgazE6MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAKMDAxOWNpZCB0ZW5hbnRf\
        aWQgPSBhY21lCjAwMjBjaWQgZXhwaXJlcyA9IDE4OTM0NTYwMDAwMDAKMDAxZmNpZCBzY29wZSA9IHNlYXJjaCxmaWxlczoqCjAwMTljaWQgYnVkZ2V0\
        X2lkID0gdGVhbQowMDU3Y2lkIGJ1ZGdldF9iaW5kID0gNzQxN2M4MGU2ODY3MmVkMzBjMGQ0ZDA3MWZjN2Q3ODdmOTc1MDgxNDA4NDc0OWUxMzI5OGFi\
        OGQwMTI5MjkyMAowMDFiY2lkIGJ1ZGdldF9saW1pdCA9IDIuNQowMDE2Y2lkIGxhYmVsID0gY2Fmw6kKMDAyZnNpZ25hdHVyZSBAIzhpm2rcR405dM9m\
        dvZVNSdp2b99yj49Kcm_FohPywo
        """,
        .v2: """
        AgEHc2F0Z2F0ZQIjazE6MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAAAhB0ZW5hbnRfaWQgPSBhY21lAAIXZXhwaXJlcyA9IDE4OTM0NTYw\
        MDAwMDAAAhZzY29wZSA9IHNlYXJjaCxmaWxlczoqAAIQYnVkZ2V0X2lkID0gdGVhbQACTmJ1ZGdldF9iaW5kID0gNzQxN2M4MGU2ODY3MmVkMzBjMGQ0\
        ZDA3MWZjN2Q3ODdmOTc1MDgxNDA4NDc0OWUxMzI5OGFiOGQwMTI5MjkyMAACEmJ1ZGdldF9saW1pdCA9IDIuNQACDWxhYmVsID0gY2Fmw6kAAAYgQCM4\
        aZtq3EeNOXTPZnb2VTUnadm_fco-PSnJvxaIT8s
        """,
        .satgate: """
        eyJ2IjoxLCJsIjoiaHR0cHM6Ly9zYXRnYXRlLmlvIiwiaSI6ImsxOjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwIiwiYyI6WyJ0ZW5hbnRf\
        aWQgPSBhY21lIiwiZXhwaXJlcyA9IDE4OTM0NTYwMDAwMDAiLCJzY29wZSA9IHNlYXJjaCxmaWxlczoqIiwiYnVkZ2V0X2lkID0gdGVhbSIsImJ1ZGdl\
        dF9iaW5kID0gMDlhODY4NWYyY2FiNGE0OWQ1YWM0MGNjYmVhMjUzNGEzZjhkOWJlOTE5NmI4OWI2MjllMjE1YWM2NDE3NDczZCIsImJ1ZGdldF9saW1p\
        dCA9IDIuNSIsImxhYmVsID0gY2Fmw6kiXSwicyI6IjgyZGI5YTg3M2JkMjQ1NGRkZmQ5NGNmZDRiM2FmM2ZiNWNhY2VkZDQ5MTQ4ODJlZTAzZmI4MjRh\
        Yzg4YmU2YzcifQ
        """,
    ]
}

@Suite struct AuthenticationJudgementTests {
    private struct Vector: Decodable {
        struct Context: Decodable {
            let tenant: String?
            let now: String?
            let tool: String?
            let cost: Int?
        }
        let name: String
        let key_hex: String
        let token: String
        let context: Context
        let expect: String
    }

    private func vectors() throws -> [Vector] {
        struct File: Decodable { let vectors: [Vector] }
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: folder.appending(path: "MacaroonsTests/macaroons.json"))
        return try JSONDecoder().decode(File.self, from: data).vectors
    }

    @Test("of the vectors, those that name a tenant and an expiry are authorized, and no other")
    func policyOnVectors() throws {
        var authorized: Set<String> = []
        for vector in try vectors() {
            let root = try RootKey(bytes: try #require(Hex.decode(Array(vector.key_hex.utf8))))
            let call = TokenJudgement.Call(
                tenant: vector.context.tenant, tool: vector.context.tool, cost: vector.context.cost.flatMap { Credits(whole: Int64($0)) })
            let now = try vector.context.now.map { try #require(Timestamp.milliseconds($0)) } ?? 0
            switch TokenJudgement.of(vector.token, rootKey: root, call: call, now: now) {
            case .authorized: authorized.insert(vector.name)
            case .unauthorized: #expect(vector.expect != "malformed", "\(vector.name)")
            case .malformed: #expect(vector.expect == "malformed", "\(vector.name)")
            }
        }
        #expect(
            authorized == [
                "v1-gateway-4", "v2-gateway-4", "v2j-gateway-4", "v2-duplicate-caveat", "v2-attenuated-by-holder", "v2-location-tampered",
                "v2-standard-b64-padded",
            ])
    }
}
