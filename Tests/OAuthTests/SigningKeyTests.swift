import JWTKit
import Testing

@testable import OAuth

@Suite("The keys of an issuer")
struct SigningKeyTests {
    private let key = ES256PrivateKey()

    /// The public half, with those members beside or instead.
    private func member(_ more: String = "") throws -> String {
        let (x, y) = try #require(key.publicKey.parameters)
        func url(_ text: String) -> String { text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "") }
        return #"{"kty":"EC","crv":"P-256","x":"\#(url(x))","y":"\#(url(y))"\#(more)}"#
    }

    private func token(kid: String? = "k") async throws -> JWTShape {
        let signer = JWTKeyCollection()
        await signer.add(ecdsa: key)
        var header = JWTHeader()
        if let kid { header.kid = kid }
        return try #require(JWTShape(try await signer.sign(Claims(["iss": .text("i"), "n": .number(1)]), header: header)))
    }

    @Test("prove what they signed, by the id that the token names or where either has none")
    func proves() async throws {
        for (listed, named) in [("k", "k"), (nil, "k"), ("k", nil), (nil, nil)] as [(String?, String?)] {
            let set = #"{"keys":[\#(try member(listed.map { #","kid":"\#($0)""# } ?? ""))]}"#
            let found = try #require(await SigningKey.keys(in: Array(set.utf8))?.first)
            let token = try await token(kid: named)
            #expect(found.fits(token))
            #expect(await found.claims(of: token)?.text("iss") == "i")
        }
    }

    @Test("do not prove what names another key, nor what another signed")
    func others() async throws {
        let set = #"{"keys":[\#(try member(#","kid":"k""#))]}"#
        let found = try #require(await SigningKey.keys(in: Array(set.utf8))?.first)
        #expect(!found.fits(try await token(kid: "other")))
        let stranger = try await SigningKeyTests().token()
        #expect(found.fits(stranger))
        #expect(await found.claims(of: stranger) == nil)
    }

    @Test(
        "are only those that prove signatures by an algorithm of their kind",
        arguments: [
            #","use":"enc""#, #","key_ops":["encrypt"]"#, #","alg":"ES384""#, #","alg":"HS256""#, #","alg":"RSA-OAEP""#, #","alg":"none""#,
        ])
    func unfit(_ more: String) async throws {
        let set = #"{"keys":[\#(try member(more)),\#(try member(#","kid":"good""#))]}"#
        #expect(await SigningKey.keys(in: Array(set.utf8))?.map(\.id) == ["good"])
    }

    @Test(
        "that cannot be read hide no others",
        arguments: [
            #"{"kty":"oct","k":"AAAA"}"#, #"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            #"{"kty":"OKP","crv":"X25519","x":"AAAA"}"#, #"{"kty":"EC"}"#, "{}", "7", "null", #""text""#,
        ])
    func unreadable(_ odd: String) async throws {
        let set = #"{"keys":[\#(odd),\#(try member(#","kid":"good""#))]}"#
        #expect(await SigningKey.keys(in: Array(set.utf8))?.map(\.id) == ["good"])
    }

    @Test("are none where there is no set", arguments: ["", "{}", "[]", #"{"keys":7}"#, #"{"keys":"#])
    func noSet(_ text: String) async { #expect(await SigningKey.keys(in: Array(text.utf8)) == nil) }
}
