import Macaroons
import Testing

@testable import OAuth

@Suite("A token in the compact form")
struct JWTShapeTests {
    private func part(_ text: String) -> String { String(decoding: Base64.encodeURL(Array(text.utf8)), as: UTF8.self) }

    private func shape(_ header: String, _ payload: String = #"{"iss":"i"}"#, signature: String = "AAAA") -> JWTShape? {
        JWTShape("\(part(header)).\(part(payload)).\(signature)")
    }

    @Test("is read as far as it says who proves it")
    func reads() throws {
        let token = try #require(shape(#"{"alg":"ES256","kid":"k","typ":"at+JWT","jku":"https://evil.example"}"#))
        #expect(token.algorithm == "ES256" && token.key == "k" && token.issuer == "i")
        #expect(shape(#"{"alg":"none"}"#)?.key == nil)
        for type in ["JWT", "application/at+jwt"] { #expect(shape(#"{"alg":"ES256","typ":"\#(type)"}"#) != nil) }
    }

    @Test(
        "is none where its header is none, or is for another use",
        arguments: [
            "", "{}", "[]", "null", "7", #"{"alg":7}"#, #"{"alg":null}"#, #"{"alg":"ES256","kid":7}"#, #"{"alg":"ES256","typ":"dpop+jwt"}"#,
            #"{"alg":"ES256","typ":"logout+jwt"}"#, #"{"alg":"ES256","crit":[]}"#, #"{"alg":"ES256","crit":null}"#, #"{"alg":"ES256""#,
        ])
    func badHeaders(_ header: String) { #expect(shape(header) == nil) }

    @Test("is read where a header holds a number that no integer does")
    func hugeNumber() { #expect(shape(#"{"alg":"ES256","n":1e300}"#) != nil) }

    @Test("is none where nobody issued it", arguments: ["{}", "[]", #"{"iss":7}"#, #"{"iss":null}"#, "\u{FEFF}", "{"])
    func badPayloads(_ payload: String) { #expect(shape(#"{"alg":"ES256"}"#, payload) == nil) }

    @Test("is none unless it has three parts of base64url, and bits to spare in none")
    func form() {
        let (head, payload) = (part(#"{"alg":"ES256"}"#), part(#"{"iss":"i"}"#))
        #expect(JWTShape("\(head).\(payload).AAAA") != nil)
        for bad in [
            "", ".", "..", "\(head).\(payload)", "\(head).\(payload).", "\(head).\(payload).AAAA.", "\(head).\(payload).AA==",
            "\(head).\(payload).+AAA", "\(head).\(payload).AAB", "\(head).\(payload).A", " \(head).\(payload).AAAA",
            "\(head).\(payload).AAé",
        ] { #expect(JWTShape(bad) == nil, "\(bad)") }
    }
}
