import Governance
import Macaroons
import Testing

@testable import Gateway
@testable import MCPWire

@Suite("What is delegated")
struct ChildTermsTests {
    private let issuer: Issuer
    private let day: Int64 = 86_400_000

    init() throws { issuer = try Issuer() }

    private func terms(_ params: String, of parent: Grant) throws -> ChildTerms {
        let message = try Message(Array(#"{"jsonrpc":"2.0","id":1,"method":"satgate/delegate","params":\#(params)}"#.utf8))
        return try ChildTerms(DelegateRequest(message), of: parent)
    }

    /// The token that the parent's holder gets for these params, and what it entitles to.
    private func child(_ params: String, of parent: Grant, now: Int64 = 0) throws -> (token: Macaroon, grant: Grant) {
        let terms = try terms(params, of: parent)
        let proposal = try #require(DelegatedChild(key: issuer.acme.id, expires: terms.expiry(after: now, of: parent)))
        let made = try terms.mint(proposal, of: parent, by: issuer.acme)
        let token = try Macaroon(decoding: made.token)
        let grant = try issuer.identify(token, now: now)
        #expect(grant == made.grant)
        return (token, grant)
    }

    private func refusal(_ params: String, of parent: Grant) -> Fault? {
        do {
            _ = try terms(params, of: parent)
            return nil
        } catch {
            return error as? Fault
        }
    }

    @Test("a child has its own sealed account, its parent's bounds, and no cap account of its parent's")
    func narrowed() throws {
        let parent = try issuer.identify(
            issuer.acmeToken(["scope = a,b,c", "budget_limit = 60", "delegation_depth = 2", "delegation_budget = 20", "label = boss"]))
        let (token, grant) = try child(#"{"budget":10,"scope":"a,b","label":"helper","expiresIn":"1h"}"#, of: parent, now: 5)
        #expect(grant.tenant == parent.tenant && grant.caps.isEmpty && grant.label == "helper" && grant.expires == 3_600_005)
        #expect(grant.budget?.text.hasPrefix("del-") == true && grant.budget?.text.count == 28)
        #expect(grant.delegationDepth == 1 && grant.delegationBudget == parent.delegationBudget)
        #expect(grant.scope.clauses.map(\.words) == [["a", "b", "c"], ["a", "b"]])
        #expect(!token.caveats.contains { String(decoding: $0.identifier, as: UTF8.self).hasPrefix("budget_limit") })
        #expect(Set(parent.lineage).isSubset(of: grant.lineage) && grant.lineage.first == parent.lineage.first)
        #expect(try child(#"{"budget":"10.5"}"#, of: parent).grant.label == "boss")
    }

    @Test("a child lives no longer than its parent, and no longer than any token is minted for")
    func expiry() throws {
        let short = try issuer.identify(issuer.acmeToken(["expires = \(2 * day)"]))
        #expect(try child(#"{"budget":1}"#, of: short).grant.expires == 2 * day)
        #expect(try child(#"{"budget":1,"expiresIn":864000}"#, of: short).grant.expires == 2 * day)
        let long = try issuer.identify(issuer.acmeToken())
        #expect(try child(#"{"budget":1,"expiresIn":"400d"}"#, of: long).grant.expires == 90 * day)
        #expect(try child(#"{"budget":1,"expiresIn":60}"#, of: long, now: 7).grant.expires == 60_007)
    }

    @Test("what a child's holder appends gives nothing back that was taken")
    func appended() throws {
        let parent = try issuer.identify(issuer.acmeToken(["scope = a", "delegation_depth = 1"]))
        let (token, grant) = try child(#"{"budget":10,"label":"helper"}"#, of: parent)
        let wider = try issuer.identify(
            token.adding("scope = *", "delegation_depth = 9", "delegation_budget = 1000000", "label = boss", "expires = 9999999999999"))
        #expect(wider.delegationDepth == 0 && wider.expires == grant.expires && wider.label == grant.label && wider.budget == grant.budget)
        #expect(wider.scope.allows(name: "a") && !wider.scope.allows(name: "b"))
        #expect(refusal(#"{"budget":1}"#, of: wider) == .delegation(.depth))
        issuer.expect(.unsealedBudget, try token.adding("budget_id = team"))
        issuer.expect(.unsealedBudget, try token.adding("budget_id = \(try #require(grant.budget))"))
        let root = try #require(parent.lineage.first)
        let renamed = try issuer.identify(token.adding("parent = " + String(repeating: "a", count: 64)))
        #expect(renamed.lineage.first == root, "its root token is still what rates are counted by")
        #expect(renamed.lineage.contains(.of("a")) && Set(grant.lineage).isSubset(of: renamed.lineage))
    }

    @Test("more than the parent has in depth, amount or scope is refused")
    func refused() throws {
        let parent = try issuer.identify(issuer.acmeToken(["scope = a,up:*", "delegation_budget = 5", "delegation_budget = 7"]))
        #expect(refusal(#"{"budget":5}"#, of: parent) == nil)
        #expect(refusal(#"{"budget":5.000001}"#, of: parent) == .delegation(.budget))
        for scope in ["*", "other:*", "a,*", "a:*"] {
            #expect(refusal(#"{"budget":1,"scope":"\#(scope)"}"#, of: parent) == .delegation(.scope), "\(scope)")
        }
        for scope in ["a", "up:*", "up:tool", "perhaps_of_up"] { #expect(refusal(#"{"budget":1,"scope":"\#(scope)"}"#, of: parent) == nil) }
        let narrow = try issuer.identify(issuer.acmeToken(["scope = a,b"]))
        #expect(refusal(#"{"budget":1,"scope":["a","c"]}"#, of: narrow) == .delegation(.scope))
        let leaf = try issuer.identify(issuer.acmeToken(["delegation_depth = 0"]))
        #expect(refusal(#"{"budget":1}"#, of: leaf) == .delegation(.depth))
    }

    @Test(
        "params that make no sense are refused",
        arguments: [
            "{}", #"{"budget":0}"#, #"{"budget":-1}"#, #"{"budget":"x"}"#, #"{"budget":1e3}"#, #"{"budget":null}"#, #"{"budget":[1]}"#,
            #"{"budget":1,"scope":""}"#, #"{"budget":1,"scope":"a,,b"}"#, #"{"budget":1,"scope":7}"#, #"{"budget":1,"scope":["a,b"]}"#,
            #"{"budget":1,"scope":[1]}"#, #"{"budget":1,"label":7}"#, #"{"budget":1,"expiresIn":0}"#, #"{"budget":1,"expiresIn":-5}"#,
            #"{"budget":1,"expiresIn":"soon"}"#, #"{"budget":1,"expiresIn":1.5}"#, #"{"budget":99999999999}"#,
            #"{"budget":1,"_meta":{"io.satgate/idempotencyKey":""}}"#, #"{"budget":1,"_meta":{"io.satgate/idempotencyKey":5}}"#,
        ])
    func senseless(_ params: String) throws {
        let fault = try refusal(params, of: issuer.identify(issuer.acmeToken()))
        guard case .invalidParams = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test("the same request makes the same token again, and another has another fingerprint")
    func again() throws {
        let parent = try issuer.identify(issuer.acmeToken())
        let first = try terms(#"{"budget":10,"scope":"a","label":"x"}"#, of: parent)
        let made = try #require(DelegatedChild(key: issuer.acme.id, expires: 1000))
        #expect(try first.mint(made, of: parent, by: issuer.acme).token == first.mint(made, of: parent, by: issuer.acme).token)
        #expect(try terms(#"{"label":"x","scope":["a"],"budget":"10.0"}"#, of: parent).fingerprint == first.fingerprint)
        for other in [#"{"budget":11,"scope":"a","label":"x"}"#, #"{"budget":10,"scope":"x","label":"a"}"#, #"{"budget":10,"scope":"a"}"#] {
            #expect(try terms(other, of: parent).fingerprint != first.fingerprint)
        }
    }

    @Test("delegations follow each other until a token could not name all that it is made of")
    func deep() throws {
        var grant = try issuer.identify(issuer.acmeToken(["scope = a"]))
        let root = try #require(grant.lineage.first)
        var generations = 0
        while generations < 50 {
            do { grant = try child(#"{"budget":1}"#, of: grant).grant } catch {
                #expect(error as? Fault == .delegation(.length))
                break
            }
            generations += 1
            #expect(grant.lineage.first == root)
        }
        #expect((4..<50).contains(generations), "\(generations)")
    }
}
