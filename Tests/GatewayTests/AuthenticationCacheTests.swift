import Gateway
import Governance
import Macaroons
import Testing

@Suite struct AuthenticationCacheTests {
    private let issuer: Issuer

    init() throws { issuer = try Issuer() }

    @Test("a remembered token is refused from the millisecond of its expiry on")
    func expiry() throws {
        let token = try issuer.acmeToken()
        let grant = try issuer.identify(token, now: 0)
        #expect(try issuer.identify(token, now: grant.expires - 1).token == grant.token)
        for now in [grant.expires, grant.expires + 1, .max] { issuer.expect(.expired, token, now: now) }
        #expect(throws: Never.self) { try issuer.identify(token, now: grant.expires - 1) }
    }

    @Test("a token that differs by one character from a remembered one is judged anew")
    func textOfItsOwn() throws {
        let token = try issuer.acmeToken()
        _ = try issuer.identify(token)
        let text = token.encoded()
        var refused = 0
        for (place, character) in text.enumerated() {
            var other = Array(text)
            other[place] = character == "A" ? "B" : "A"
            if (try? issuer.authenticator.identify(authorization: "Bearer \(String(other))", now: 0)) == nil { refused += 1 }
        }
        #expect(refused == text.count)
    }

    @Test("more tokens than are remembered are all identified, each as itself")
    func bounded() throws {
        let authenticator = Authenticator(ring: try KeyRing([issuer.acme]), cacheCapacity: 16)
        let tokens = try (0..<100).map { try issuer.acmeToken(["label = \($0)"]).encoded() }
        for round in 0..<3 {
            for (index, token) in tokens.enumerated() {
                #expect(try authenticator.identify(authorization: "Bearer \(token)", now: Int64(round)).label == "\(index)")
            }
        }
    }

    @Test("many threads identify the same tokens at once")
    func concurrent() async throws {
        let authenticator = Authenticator(ring: try KeyRing([issuer.acme]), cacheCapacity: 8)
        let tokens = try (0..<16).map { "Bearer \(try issuer.acmeToken(["label = \($0)"]).encoded())" }
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<32 {
                group.addTask {
                    (0..<200).allSatisfy { step in
                        let index = (task + step) % tokens.count
                        return (try? authenticator.identify(authorization: tokens[index], now: 0))?.label == "\(index)"
                    }
                }
            }
            for await held in group { #expect(held) }
        }
    }
}
