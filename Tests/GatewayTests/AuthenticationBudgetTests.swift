import Foundation
import Gateway
import Governance
import Macaroons
import Testing

@Suite struct AuthenticationBudgetTests {
    private let issuer: Issuer

    init() throws { issuer = try Issuer() }

    private func sealedToken(_ budget: String = "team", encoding: Macaroon.Encoding = .v2) throws -> Macaroon {
        try TokenMint(key: issuer.acme).mint(.sample(budget: budget, limit: "60"), encoding: encoding)
    }

    /// The caveat that seals everything in the token so far.
    private func seal(_ token: Macaroon, by key: KeyRing.Key? = nil) throws -> String {
        let message = Array("satgate/budget_bind/v1\n\(token.signature.hex)".utf8)
        return try "budget_bind = \((key ?? issuer.acme).root.code(of: message).hex)"
    }

    @Test("a budget that no seal follows refuses the token")
    func unsealed() throws {
        issuer.expect(.unsealedBudget, try issuer.acmeToken(["budget_id = team"]))
        issuer.expect(.unsealedBudget, try issuer.acmeToken().adding("budget_id = victim"))
    }

    @Test("another's budget appended to a token with or without a budget of its own is refused")
    func appended() throws {
        let token = try sealedToken()
        #expect(try issuer.identify(token).budget?.text == "team")
        issuer.expect(.unsealedBudget, try token.adding("budget_id = victim"))
        issuer.expect(.unsealedBudget, try token.adding("budget_id = team"))
        let stolen = try #require(
            token.caveats.map { String(decoding: $0.identifier, as: UTF8.self) }.first { $0.hasPrefix("budget_bind") })
        issuer.expect(.badSeal, try token.adding("budget_id = victim", stolen))
        issuer.expect(.badSeal, try issuer.acmeToken(["budget_id = team", stolen]))
        issuer.expect(.badSeal, try token.adding(stolen))
    }

    @Test("a seal of another key, or over another chain, is refused")
    func badSeal() throws {
        let named = try issuer.acmeToken(["budget_id = team"])
        issuer.expect(.badSeal, try named.adding(seal(named, by: issuer.globex)))
        issuer.expect(.badSeal, try named.adding(seal(issuer.acmeToken(["budget_id = tean"]))))
        issuer.expect(.badSeal, try named.adding("budget_bind = \(String(repeating: "0", count: 64))"))
        let control = try issuer.identify(named.adding(seal(named)))
        #expect(control.budget?.text == "team")
    }

    @Test("a second, different budget is refused even when it is sealed; the same one sealed again is not")
    func second() throws {
        let other = try sealedToken().adding("budget_id = other")
        issuer.expect(.conflictingBudgets, try other.adding(seal(other)))
        let same = try sealedToken().adding("budget_id = team")
        #expect(try issuer.identify(same.adding(seal(same))).budget?.text == "team")
    }

    @Test("as SatGate mints it, a seal may follow later caveats and covers what is before it")
    func laterSeal() throws {
        let token = try issuer.acmeToken(["budget_id = team", "budget_limit = 5"])
        #expect(try issuer.identify(token.adding(seal(token))).budget?.text == "team")
        let nothing = try issuer.acmeToken()
        #expect(try issuer.identify(nothing.adding(seal(nothing))).budget == nil)
    }

    @Test("a seal cannot be used as the signature of a token that was never minted")
    func sealIsNoSignature() throws {
        let key = try Issuer.key("sg", "ten_a", 4, satgate: true)
        let token = try TokenMint(key: key).mint(.sample(budget: "team"), encoding: .satgate)
        let caveats = token.caveats.map { String(decoding: $0.identifier, as: UTF8.self) }
        let place = try #require(caveats.firstIndex { $0.hasPrefix("budget_id") })
        let seal = String(caveats[place + 1].dropFirst("budget_bind = ".count))
        let prefix = try Macaroon.mint(
            rootKey: key.root, identifier: token.identifier, caveats: caveats[...place].map { Array($0.utf8) }, encoding: .satgate)
        let identifier = "satgate/budget_bind/v1\\n\(prefix.signature.hex)"
        let json = #"{"v":1,"l":"","i":"\#(identifier)","c":[],"s":"\#(seal)"}"#
        let forged = try Macaroon(decoding: base64URL(json)).adding("tenant_id = ten_a", "expires = \(expiry)")
        #expect(forged.verify(rootKey: key.root) != nil, "SatGate itself would take this token")
        #expect(throws: AuthenticationError.unproved) { try issuer.identify(forged) }
    }

    @Test("a token attenuated ten times with labels spends the same caps")
    func attenuatedTenTimes() throws {
        let token = try sealedToken()
        let caps = try issuer.identify(token).caps
        #expect(caps.count == 1)
        var child = token
        for step in 0..<10 { child = try child.adding("label = agent \(step)") }
        let grant = try issuer.identify(child)
        #expect(grant.caps == caps && grant.budget?.text == "team")
        #expect(grant.token != caps[0].prefix && grant.lineage.contains(caps[0].prefix))
    }

    @Test("each limit has its own cap, named by the chain that ends in it, outermost first")
    func caps() throws {
        let parent = try issuer.acmeToken(["budget_limit = 60"])
        let child = try parent.adding("label = child", "budget_limit = 5")
        let grant = try issuer.identify(child)
        #expect(try grant.caps.map(\.prefix.text) == [parent.id().hex, child.id().hex])
        #expect(grant.caps.map(\.limit.description) == ["60", "5"])
        let sibling = try issuer.identify(parent.adding("label = sibling", "budget_limit = 5"))
        #expect(sibling.caps[0] == grant.caps[0] && sibling.caps[1].prefix != grant.caps[1].prefix)
    }

    @Test("eight limits are kept and a ninth refuses the token")
    func tooManyCaps() throws {
        let eight = try issuer.acmeToken((1...8).map { "budget_limit = \($0)" })
        #expect(try issuer.identify(eight).caps.count == 8)
        issuer.expect(.tooManyCaps, try eight.adding("budget_limit = 1"))
    }

    private func base64URL(_ text: String) -> String {
        let encoded = Data(text.utf8).base64EncodedString()
        return encoded.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
