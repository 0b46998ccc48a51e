import Macaroons
import Testing

@testable import Console

@Suite("Admin tokens and their cookies")
struct AdminCredentialsTests {
    private let reader = AdminIdentity(name: "grafana.eu", role: .read)
    private let writer = AdminIdentity(name: "ann", role: .admin)

    private func credentials() throws -> AdminCredentials {
        AdminCredentials([
            .init(identity: reader, digest: try #require(SHA256.digest(of: Array("token-of-grafana-00000000".utf8)))),
            .init(identity: writer, digest: try #require(SHA256.digest(of: Array("token-of-ann-000000000000".utf8)))),
        ])
    }

    @Test("a token is its owner's, any other nobody's")
    func tokens() throws {
        let credentials = try credentials()
        #expect(credentials.identity(token: "token-of-ann-000000000000") == writer)
        #expect(credentials.identity(token: "token-of-grafana-00000000") == reader)
        #expect(credentials.identity(token: "token-of-ann-00000000000") == nil)
        #expect(credentials.identity(token: "") == nil)
    }

    @Test("a cookie stands for its token until its time is over or the token is gone, and cannot be altered")
    func cookies() throws {
        let credentials = try credentials()
        let cookie = try #require(credentials.cookie(token: "token-of-grafana-00000000", now: 1_000))
        let end = 1_000 + AdminCredentials.loginLifetime
        #expect(credentials.identity(cookie: cookie, now: end - 1) == reader)
        #expect(credentials.identity(cookie: cookie, now: end) == nil)
        #expect(credentials.identity(cookie: cookie.replacing("grafana.eu", with: "ann"), now: 1_000) == nil)
        #expect(credentials.identity(cookie: cookie.replacing("\(end)", with: "\(end + 1)"), now: 1_000) == nil)
        #expect(credentials.identity(cookie: "", now: 0) == nil)
        #expect(credentials.cookie(token: "another", now: 0) == nil)
        credentials.replace(by: [])
        #expect(credentials.identity(cookie: cookie, now: 1_000) == nil)
    }

    @Test("a cookie changes something only for a page of the same origin; a bearer token goes before it")
    func origins() throws {
        let access = Access(credentials: try credentials(), now: { 0 })
        let cookie = try #require(access.credentials.cookie(token: "token-of-ann-000000000000", now: 0))
        func identity(_ origin: String?, harmless: Bool = false, bearer: String? = nil) -> AdminIdentity? {
            access.identity(
                authorization: bearer, cookies: "a=b; \(Access.cookieName)=\(cookie)", origin: origin, host: "gate:9090",
                isHarmless: harmless)
        }
        #expect(identity("http://gate:9090") == writer)
        #expect(identity(nil) == nil)
        #expect(identity("http://evil.gate:9090") == nil)
        #expect(identity(nil, harmless: true) == writer)
        #expect(identity("http://gate:9090", bearer: "Bearer wrong") == nil)
        #expect(identity(nil, bearer: "bearer token-of-grafana-00000000") == reader)
    }
}
