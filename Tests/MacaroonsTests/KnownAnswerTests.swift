import Macaroons
import Testing

@Suite struct KnownAnswerTests {
    @Test("libmacaroons' own example has its published signatures", arguments: [Macaroon.Encoding.v1, .v2, .v2JSON])
    func libmacaroons(_ encoding: Macaroon.Encoding) throws {
        let macaroon = try Macaroon.mint(
            rootKey: RootKey(bytes: utf8("this is the key")), identifier: utf8("keyid"), location: "http://example.org/", encoding: encoding
        )
        #expect(macaroon.signature.hex == "7cdee792511c5bc6f528485805dfe9b24e785e28e2a99301f9d711c609e38ef7")
        let attenuated = try macaroon.attenuated(by: utf8("account = 3735928559"))
        #expect(attenuated.signature.hex == "f54807f6dc6edf88bf0f7306b3822562a362533dbf7339ba61765da4bd259d87")
    }

    @Test("SatGate's example has its token, byte for byte, and its TokenID")
    func satgate() throws {
        let root = try RootKey(secret: "test-root-secret")
        let macaroon = try Macaroon.mint(
            rootKey: root, identifier: utf8("satgate-capability-v1:1767225600000"), location: "https://satgate.io",
            caveats: ["expires = 4102444800000", "scope = search", "tenant_id = ten_a", "budget_limit = 60"].map(utf8), encoding: .satgate)
        #expect(macaroon.signature.hex == "2f868b58a65abdf62aad7ba593a0e77ee27d0172ff5cd1c2c5b7f40a149eacc9")
        #expect(macaroon.encoded() == Self.satgateToken)
        #expect(try macaroon.satgateID() == "b0bce5680bd6")
        let read = try Macaroon(decoding: Self.satgateToken)
        #expect(read.encoded() == Self.satgateToken)
        #expect(read.verify(rootKey: root) != nil)
        let published = try #require(Hex.decode(utf8("dac409f264db216052471a70a2d5ae5e12b45b38a52039f12de92eaa3b9e95fc")))
        #expect(try RootKey(bytes: published).fingerprint() == root.fingerprint())
    }

    @Test("a digest and a MAC are those of the standards")
    func primitives() throws {
        #expect(SHA256.digest(of: utf8("abc"))?.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256.digest(of: [])?.hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let code = try RootKey(bytes: utf8("Jefe")).code(of: utf8("what do ya want for nothing?"))
        #expect(code.hex == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let empty = try RootKey(bytes: utf8("Jefe")).code(of: [])
        #expect(empty.hex == "923598ca6d64af2a5dba79dcd021a8a0fe5c5f557519adaaf0ad532d4506dd30")
    }

    @Test("every thread computes the same signatures")
    func threads() async throws {
        let expected = try token(.v2).signature
        await withTaskGroup(of: Digest?.self) { group in
            for _ in 0..<64 { group.addTask { try? token(.v2).signature } }
            for await signature in group { #expect(signature == expected) }
        }
    }

    @Test("a root key prints as nothing, however it is printed")
    func rootKeyIsSilent() throws {
        let key = try RootKey(bytes: utf8("visible-secret"))
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] { #expect(!text.contains("visible") && !text.contains("118")) }
    }

    static let satgateToken =
        "eyJ2IjoxLCJsIjoiaHR0cHM6Ly9zYXRnYXRlLmlvIiwiaSI6InNhdGdhdGUtY2FwYWJpbGl0eS12MToxNzY3MjI1NjAwMDAwIiwiYyI6WyJleHBpcmVzID0gNDEwMjQ0NDgwMDAwMCIsInNjb3BlID0gc2VhcmNoIiwidGVuYW50X2lkID0gdGVuX2EiLCJidWRnZXRfbGltaXQgPSA2MCJdLCJzIjoiMmY4NjhiNThhNjVhYmRmNjJhYWQ3YmE1OTNhMGU3N2VlMjdkMDE3MmZmNWNkMWMyYzViN2Y0MGExNDllYWNjOSJ9"
}
