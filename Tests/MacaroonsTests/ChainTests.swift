import Macaroons
import Testing

@Suite struct ChainTests {
    @Test("a token is read back as it was written", arguments: everyEncoding)
    func roundTrip(_ encoding: Macaroon.Encoding) throws {
        let caveats = ["tenant_id = acme", "label = a\"b\\c <&> \u{1F600} \u{2028}\u{2029} \u{7F}é", "", "x\n\r\t\u{8}\u{C}\u{1}"]
        let written = try token(encoding, caveats)
        let read = try Macaroon(decoding: written.encoded())
        #expect(read.encoding == encoding)
        #expect(read.location == written.location)
        #expect(read.identifier == written.identifier)
        #expect(read.caveats == written.caveats)
        #expect(read.signature == written.signature)
        #expect(read.encoded() == written.encoded())
        #expect(try read.verify(rootKey: key()) != nil)
    }

    @Test("bytes that are no text pass through every encoding of libmacaroons, and SatGate's refuses them")
    func binary() throws {
        let bytes: [UInt8] = [0xFF, 0x00, 0x0A, 0x20, 0xC3]
        for encoding in everyEncoding where encoding != .satgate {
            let written = try Macaroon.mint(rootKey: key(), identifier: bytes, caveats: [bytes], encoding: encoding)
            let read = try Macaroon(decoding: written.encoded())
            #expect(read.identifier == bytes && read.caveats == [Caveat(bytes)])
            #expect(try read.verify(rootKey: key()) != nil)
        }
        #expect(throws: MacaroonError.notText) { try Macaroon.mint(rootKey: key(), identifier: bytes, encoding: .satgate) }
        #expect(throws: MacaroonError.notText) { try token(.satgate).attenuated(by: bytes) }
    }

    @Test("attenuating offline gives the token that minting with all caveats gives", arguments: everyEncoding)
    func attenuatingIsMinting(_ encoding: Macaroon.Encoding) throws {
        let caveats = (0..<12).map { "label = step \($0)" }
        var attenuated = try Macaroon(decoding: token(encoding, []).encoded())
        for caveat in caveats { attenuated = try Macaroon(decoding: attenuated.attenuated(by: utf8(caveat)).encoded()) }
        #expect(try attenuated.encoded() == token(encoding, caveats).encoded())
    }

    @Test("a caveat removed, reordered or changed, another identifier or another key breaks the chain", arguments: everyEncoding)
    func tampering(_ encoding: Macaroon.Encoding) throws {
        let whole = try token(encoding, ["a = 1", "b = 2", "c = 3"])
        #expect(try whole.verify(rootKey: key(8)) == nil)
        for caveats in [["a = 1", "b = 2"], ["b = 2", "a = 1", "c = 3"], ["a = 1", "b = 2", "c = 4"], ["a = 1b = 2", "", "c = 3"]] {
            let other = try token(encoding, caveats)
            let swapped = try Macaroon(decoding: other.encoded()).with(signatureOf: whole)
            #expect(try swapped.verify(rootKey: key()) == nil)
        }
    }

    @Test("libmacaroons' encodings share signatures and ids, SatGate's has its own")
    func families() throws {
        let ids = try everyEncoding.map { try token($0).id().hex }
        #expect(Set(ids).count == 2)
        #expect(try token(.v1).id() == token(.v2JSON).id())
    }

    @Test("verification gives the signature and the id of every prefix")
    func prefixes() throws {
        let verified = try #require(try token(.v2, ["a = 1", "b = 2"]).verify(rootKey: key()))
        let shorter = try #require(try token(.v2, ["a = 1"]).verify(rootKey: key()))
        #expect(verified.signatures.count == 3 && verified.ids.count == 3)
        #expect(Array(verified.signatures.prefix(2)) == shorter.signatures)
        #expect(Array(verified.ids.prefix(2)) == shorter.ids)
        #expect(try verified.ids.last == verified.macaroon.id())
        let message = utf8("k1:00") + verified.signatures[1].bytes
        #expect(SHA256.digest(of: message) == verified.ids[1])
    }

    @Test("what is beyond a limit is neither read nor made", arguments: everyEncoding)
    func limits(_ encoding: Macaroon.Encoding) throws {
        let full = try token(encoding, (0..<64).map { "label = \($0)" })
        #expect(try Macaroon(decoding: full.encoded()).verify(rootKey: key()) != nil)
        #expect(throws: MacaroonError.tooManyCaveats) { try full.attenuated(by: []) }
        let longest = String(repeating: "x", count: 1024)
        #expect(throws: Never.self) { try token(encoding, [longest]) }
        #expect(throws: MacaroonError.caveatTooLong) { try token(encoding, [longest + "x"]) }
        #expect(throws: MacaroonError.tokenTooLong) { try token(encoding, [String](repeating: longest, count: 8)) }
        #expect(throws: MacaroonError.tokenTooLong) { try Macaroon(decoding: String(repeating: "A", count: 8193)) }
        #expect(throws: MacaroonError.emptyKey) { try RootKey(bytes: []) }
    }
}

extension Macaroon {
    /// This token's text with another's signature in it.
    fileprivate func with(signatureOf other: Macaroon) throws -> Macaroon {
        switch encoding {
        case .v1, .v2:
            let text = try #require(base64Decoded(encoded()))
            let tail = encoding == .v1 ? 1 : 0
            var bytes = text
            bytes.replaceSubrange((bytes.count - 32 - tail)..<(bytes.count - tail), with: other.signature.bytes)
            return try Macaroon(decoding: base64URL(bytes))
        case .satgate:
            let json = String(decoding: try #require(base64Decoded(encoded())), as: UTF8.self)
            return try Macaroon(decoding: base64URL(utf8(json.replacing(signature.hex, with: other.signature.hex))))
        case .v2JSON:
            return try Macaroon(decoding: encoded().replacing(base64URL(signature.bytes), with: base64URL(other.signature.bytes)))
        }
    }
}
