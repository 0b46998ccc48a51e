import Gateway
import Governance
import Macaroons
import Testing

/// 2030-01-01T00:00:00Z.
let expiry: Int64 = 1_893_456_000_000

/// A ring of k1 (acme), k2 (globex), and the means to make tokens beside the mint.
struct Issuer {
    let acme: KeyRing.Key
    let globex: KeyRing.Key
    let anyone: KeyRing.Key
    let satgate: KeyRing.Key
    let authenticator: Authenticator

    init() throws {
        acme = try Self.key("k1", "acme", 1)
        globex = try Self.key("k2", "globex", 2)
        anyone = try Self.key("any", nil, 3)
        satgate = try Self.key("sg", "ten_a", 4, satgate: true)
        authenticator = Authenticator(ring: try KeyRing([acme, globex, anyone, satgate]))
    }

    static func key(_ id: String, _ tenant: String?, _ byte: UInt8, satgate: Bool = false) throws -> KeyRing.Key {
        let root = try satgate ? RootKey(secret: "test-root-secret") : RootKey(bytes: [UInt8](repeating: byte, count: 32))
        return try #require(KeyRing.Key(id: id, tenant: tenant.flatMap { TenantName($0) }, acceptsSatGate: satgate, root: root))
    }

    /// A token of these caveats and no other, whatever sense they make.
    func token(_ caveats: [String], by key: KeyRing.Key? = nil, id: String? = nil, encoding: Macaroon.Encoding = .v2) throws -> Macaroon {
        let key = key ?? acme
        return try .mint(
            rootKey: key.root, identifier: Array((id ?? "\(key.id):00").utf8), caveats: caveats.map { Array($0.utf8) }, encoding: encoding)
    }

    /// A token of acme with an expiry, and these caveats.
    func acmeToken(_ caveats: [String] = []) throws -> Macaroon {
        try token(["tenant_id = acme", "expires = \(expiry)"] + caveats)
    }

    func identify(_ macaroon: Macaroon, now: Int64 = 0) throws(AuthenticationError) -> Grant {
        try authenticator.identify(authorization: "Bearer \(macaroon.encoded())", now: now)
    }

    /// Expects the refusal of a proved token for this reason.
    func expect(
        _ reason: AuthenticationError.Reason, _ macaroon: Macaroon, now: Int64 = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: AuthenticationError.self, sourceLocation: sourceLocation) { try identify(macaroon, now: now) }
        #expect(error?.label == reason.rawValue, sourceLocation: sourceLocation)
        #expect(error?.signatureProved == true, sourceLocation: sourceLocation)
    }
}

extension Macaroon {
    /// The token with these caveats more.
    func adding(_ caveats: String...) throws -> Macaroon {
        try caveats.reduce(self) { try $0.attenuated(by: Array($1.utf8)) }
    }
}

extension TokenTerms {
    /// Terms until the samples' expiry.
    static func sample(budget: String? = nil, limit: String? = nil, scopes: [String] = []) throws -> TokenTerms {
        var terms = TokenTerms(expires: expiry)
        terms.budget = try budget.map { try #require(BudgetName($0)) }
        terms.limit = try limit.map { try #require(Credits(decimal: $0)) }
        terms.scopes = scopes
        return terms
    }
}
