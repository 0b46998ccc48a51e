import Macaroons
import Testing

@Suite struct StrictnessTests {
    private static let signature = String(repeating: "A", count: 43)

    @Test(
        "a v2 JSON text with anything unforeseen is refused",
        arguments: [
            "{}", "{", "{\"i\":\"a\"}", "{\"s64\":\"\(signature)\"}",
            "{\"i\":\"a\",\"s64\":\"\(signature)\"} ", "{\"i\":\"a\",\"s64\":\"\(signature)\"}x", "{\"i\":\"a\",\"s64\":\"\(signature)\",}",
            "{\"i\":\"a\",\"i64\":\"YQ\",\"s64\":\"\(signature)\"}", "{\"i\":\"a\",\"i\":\"a\",\"s64\":\"\(signature)\"}",
            "{\"i\":\"a\",\"\\u0069\":\"a\",\"s64\":\"\(signature)\"}", "{\"v\":1,\"i\":\"a\",\"s64\":\"\(signature)\"}",
            "{\"v\":2.0,\"i\":\"a\",\"s64\":\"\(signature)\"}", "{\"v\":22,\"i\":\"a\",\"s64\":\"\(signature)\"}",
            "{\"i\":\"a\",\"x\":1,\"s64\":\"\(signature)\"}", "{\"i\":\"a\",\"c\":null,\"s64\":\"\(signature)\"}",
            "{\"i\":\"a\",\"c\":[{}],\"s64\":\"\(signature)\"}", "{\"i\":\"a\",\"c\":[\"x\"],\"s64\":\"\(signature)\"}",
            "{\"i\":\"a\",\"c\":[{\"i\":\"x\",\"l\":\"y\"}],\"s64\":\"\(signature)\"}",
            "{\"i\":\"a\",\"c\":[{\"i\":\"x\",\"v\":\"y\",\"v64\":\"eQ\"}],\"s64\":\"\(signature)\"}",
            "{\"i\":\"\\ud800\",\"s64\":\"\(signature)\"}", "{\"i\":\"\\udc00\\ud800\",\"s64\":\"\(signature)\"}",
            "{\"i\":\"\\ud800\\u0041\",\"s64\":\"\(signature)\"}", "{\"i\":\"\\x\",\"s64\":\"\(signature)\"}",
            "{\"i\":\"\\u00g0\",\"s64\":\"\(signature)\"}", "{\"i\":\"a\nb\",\"s64\":\"\(signature)\"}",
            "{\"i\":\"a\",\"s64\":\"AAAA\"}", "{\"i\":\"a\",\"s\":\"abc\"}", "{\"i\":\"a\",\"s64\":\"\(signature)\",\"s\":\"a\"}",
        ])
    func v2JSON(_ text: String) {
        expectMalformed(text)
    }

    @Test("v2 JSON members may come in any order, spaced, in either form")
    func v2JSONForms() throws {
        let written = try token(.v2JSON, ["a = 1"])
        let signature = base64URL(written.signature.bytes)
        let other = "{ \"s64\" : \"\(signature)\",\n\"c\":[ {\"i64\":\"YSA9IDE\"} ] , \"i64\":\"azE6MDA=\"}"
        let read = try Macaroon(decoding: other)
        #expect(read.location == nil)
        #expect(try read.verify(rootKey: key()) != nil)
    }

    @Test(
        "a SatGate JSON with anything unforeseen is refused",
        arguments: [
            (#""v":1,"#, ""), (#""v":1,"#, #""v":2,"#), (#""v":1,"#, #""v":1,"v":1,"#), (#""v":1,"#, #""v":"1","#),
            (#""v":1,"#, #""V":1,"#),
            (#""c":["#, #""x":0,"c":["#), (#""c":["a = 1"]"#, #""c":null"#), (#""c":["a = 1"]"#, #""c":[1]"#),
            (#""c":["a = 1"]"#, #""c":["a = 1",]"#), ("}", "}}"), ("}", "} "), ("}", ""), (#""s":""#, #""s":"0"#), (#""s":""#, #""s":"A"#),
        ])
    func satgate(_ from: String, _ to: String) throws {
        let json = String(decoding: try #require(base64Decoded(token(.satgate, ["a = 1"]).encoded())), as: UTF8.self)
        #expect(json.contains(from))
        expectMalformed(base64URL(utf8(json.replacing(from, with: to))))
    }

    @Test("a SatGate signature in upper case is refused")
    func upperCase() throws {
        let written = try token(.satgate, ["a = 1"])
        let json = String(decoding: try #require(base64Decoded(written.encoded())), as: UTF8.self)
        expectMalformed(base64URL(utf8(json.replacing(written.signature.hex, with: written.signature.hex.uppercased()))))
    }

    @Test("SatGate JSON is also read from padded standard base64")
    func standardBase64() throws {
        for label in ["a", "ab", "abc", "???>>>"] {
            let written = try token(.satgate, ["label = \(label)"])
            var standard = written.encoded().replacing("-", with: "+").replacing("_", with: "/")
            while !standard.utf8.count.isMultiple(of: 4) { standard += "=" }
            #expect(try Macaroon(decoding: standard).encoded() == written.encoded())
        }
    }

    @Test(
        "v1 packets out of order, doubled, unknown, unfinished or followed by anything are refused",
        arguments: [
            ["identifier k1", "location x", "S"], ["location x", "S"], ["identifier k1", "S"], ["location x", "identifier k1"],
            ["location x", "location x", "identifier k1", "S"], ["location x", "identifier k1", "identifier k1", "S"],
            ["location x", "identifier k1", "vid a", "S"], ["location x", "identifier k1", "cid a", "vid b", "S"],
            ["location x", "identifier k1", "cid a", "cl b", "S"], ["location x", "identifier k1", "cid a", "cl b", "vid c", "S"],
            ["location x", "identifier k1", "cidd a", "S"], ["location x", "identifier k1", "S", "S"],
            ["location x", "identifier k1", "S", "cid a"], ["location x", "identifier k1", "signature short"],
        ])
    func v1(_ packets: [String]) {
        expectMalformed(base64URL(packets.flatMap(packet)))
    }

    @Test("the v1 packets that the refused ones are made of are read when they are in order")
    func v1Control() throws {
        #expect(throws: Never.self) {
            try Macaroon(decoding: base64URL(["location x", "identifier k1", "cid a", "S"].flatMap(packet)))
        }
        let thirdParty = try Macaroon(decoding: base64URL(["location x", "identifier k1", "cid a", "vid b", "cl c", "S"].flatMap(packet)))
        #expect(thirdParty.caveats.first?.thirdParty != nil)
        #expect(try Macaroon(decoding: thirdParty.encoded()).encoded() == thirdParty.encoded())
    }

    @Test("v1 lengths in upper case, too short or past the end are refused")
    func v1Lengths() throws {
        for text in ["000Alocation x\n", "0003", "0004", "0005\n", "ffffcid a\n", "000elocation x", "000flocation x\n"] {
            expectMalformed(base64URL(utf8(text)))
        }
    }

    @Test("a v2 field longer than it needs to say, doubled or out of place is refused")
    func v2() throws {
        let bytes = try #require(base64Decoded(token(.v2, ["a = 1"]).encoded()))
        expectMalformed(base64URL(bytes + [0]))
        for cut in 0..<bytes.count { expectMalformed(base64URL(Array(bytes.prefix(cut)))) }
        let signature: [UInt8] = [0, 6, 32] + [UInt8](repeating: 0, count: 32)
        let head: [UInt8] = [2, 2, 1, 97, 0]
        #expect(throws: Never.self) { try Macaroon(decoding: base64URL(head + signature)) }
        for broken: [UInt8] in [
            [2, 2, 0x81, 0x00, 97, 0], [2, 2, 0x81, 0x80, 0x00, 97, 0], [2, 0x82, 0x00, 1, 97, 0], [2, 2, 1, 97, 2, 1, 97, 0], [2, 0],
            [2, 1, 1, 97, 0], [2, 2, 1, 97, 1, 1, 97, 0], [2, 2, 1, 97, 4, 1, 97, 0], head + [1, 1, 97, 2, 1, 97, 0],
            head + [2, 1, 97, 4, 1, 97],
            head + [2, 1, 97, 2, 1, 97, 0], head + [4, 1, 97, 0], [2, 2, 0x80, 0x80, 0x80, 0x01],
        ] { expectMalformed(base64URL(broken + signature)) }
    }

    @Test("base64 of two alphabets, of wrong padding or with bits left over is refused")
    func base64() throws {
        let text = try token(.v2, ["a = 1?>?>?>~~~"]).encoded()
        for broken in [text + "=", text + "====", "=" + text, text + "\n", " " + text, text.dropLast() + "*", text + "-+/", "A", ""] {
            expectMalformed(String(broken))
        }
        var dirty = try #require(
            [0, 1, 2].map { try? token(.v2, [String(repeating: "x", count: $0)]).encoded() }.compactMap(\.self).first {
                $0.utf8.count % 4 == 2
            })
        #expect(throws: Never.self) { try Macaroon(decoding: dirty) }
        let last = dirty.removeLast()
        dirty.append(Character(UnicodeScalar((last.asciiValue ?? 0) + 1)))
        expectMalformed(dirty)
    }

    private func packet(_ line: String) -> [UInt8] {
        let line = line == "S" ? utf8("signature ") + [UInt8](repeating: 0, count: 32) : utf8(line)
        let length = line.count + 5
        return Hex.encode([UInt8(length >> 8), UInt8(length & 255)]) + line + [10]
    }

    private func expectMalformed(_ token: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let error = #expect(throws: MacaroonError.self, "\(token)", sourceLocation: sourceLocation) { try Macaroon(decoding: token) }
        guard case .malformed? = error else {
            Issue.record("refused as \(String(describing: error))", sourceLocation: sourceLocation)
            return
        }
    }
}
