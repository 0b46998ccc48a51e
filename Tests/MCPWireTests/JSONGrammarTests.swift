import Testing

@testable import MCPWire

@Suite("JSON's grammar")
struct JSONGrammarTests {
    private func isAccepted(_ text: [UInt8]) -> Bool { (try? JSONDocument(text, as: .other)) != nil }

    @Test(
        "accepts what RFC 8259 does",
        arguments: [
            "0", "-0", "10", "-1.5", "1e5", "1E+05", "0.1e-10", "true", "false", "null", "\"\"", "{}", "[]", " [ ] ", "\t{\r\n}\n", "[1,2]",
            #"{"a":{"a":1,"a":2}}"#, #""\"\\\/\b\f\n\r\t\u0000\uAbCd""#, #""\ud800""#, "\"\u{7F}\"", "\"\u{2028}\"", "\"é日🙂\u{10FFFF}\"",
            "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
        ])
    func accepted(_ json: String) { #expect(isAccepted(bytes(json))) }

    @Test(
        "refuses everything else",
        arguments: [
            "", " ", "01", "-", "+1", ".5", "1.", "1e", "1e+", "1.e5", "0x1", "1 2", "--1", "-a", "NaN", "Infinity", "tru", "True", "truee",
            "nul", "nulll", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}",
            "{a:1}",
            "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1]", "{1:2}", "'a'", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"",
            "\"\\\"",
            "\"\t\"", "\"aaaaaaaa\nb\"", "\"\u{0}\"", "[1]x", "{}{}", "// c\n1", "\u{FEFF}1", "1\u{0}", "\u{C}1", "\u{A0}1",
        ])
    func refused(_ json: String) { #expect(!isAccepted(bytes(json))) }

    @Test(
        "refuses invalid UTF-8 in strings",
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x20], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xE2, 0x82], [0xE2, 0x82, 0x20], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xF0, 0x9F, 0x99],
            [0xFE], [0xFF],
        ] as [[UInt8]])
    func invalidUTF8(_ sequence: [UInt8]) {
        for lead in 0..<9 {
            let quote = [UInt8(ascii: "\"")]
            let padding = [UInt8](repeating: UInt8(ascii: "a"), count: lead)
            #expect(!isAccepted(quote + padding + sequence + quote))
            #expect(!isAccepted(quote + padding + sequence))
        }
    }

    @Test("takes exactly the characters that Unicode has")
    func everyLeadAndSecondByte() {
        for lead in UInt8(0x80)...0xFF {
            for second in stride(from: UInt8(0x40), through: 0xF0, by: 0x10) {
                for tail in [[], [0x80], [0x80, 0x80]] as [[UInt8]] {
                    let sequence = [lead, second] + tail
                    #expect(isAccepted([0x22] + sequence + [0x22]) == (String(validating: sequence, as: UTF8.self) != nil))
                }
            }
        }
    }

    @Test("finds a stop at every place of every word")
    func stopsEverywhere() {
        for length in 0..<40 {
            let padding = [UInt8](repeating: UInt8(ascii: "~"), count: length)
            #expect(isAccepted([0x22] + padding + [0x22]))
            #expect(isAccepted([0x22] + padding + bytes("\\n") + padding + [0x22]))
            for control in UInt8(0)..<0x20 { #expect(!isAccepted([0x22] + padding + [control] + padding + [0x22])) }
        }
    }

    @Test("bears 128 levels and not one more, however they are mixed")
    func depth() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            func nested(_ levels: Int) -> [UInt8] {
                bytes(String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels))
            }
            #expect(isAccepted(nested(128)))
            #expect(!isAccepted(nested(129)))
            #expect(!isAccepted(nested(200_000)))
        }
        #expect(!isAccepted([UInt8](repeating: UInt8(ascii: "["), count: 4 << 20)))
        #expect(!isAccepted(bytes(String(repeating: #"{"":["#, count: 500_000))))
    }

    @Test("bears a member of every recorded section at the deepest level")
    func depthInSections() throws {
        let inner = String(repeating: "[", count: 126) + String(repeating: "]", count: 126)
        #expect(throws: Never.self) { try message(#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":\#(inner)}}"#) }
        #expect(throws: WireError.malformed) { try message(#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"a":\#(inner)}}}"#) }
    }

    @Test("reads a whole string of escapes")
    func unescaping() throws {
        let document = try JSONDocument(bytes(#""\"\\\/\b\f\n\r\t\u0041\u00e9\u65e5\ud83d\ude00é日🙂""#), as: .other)
        #expect(document.text(document.root) == "\"\\/\u{8}\u{C}\n\r\tAé日😀é日🙂")
    }

    @Test(
        "reads no text where surrogates do not pair",
        arguments: [#""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud800a""#, #""\ud800\n""#, #""\udc00\ud800""#, #""x\udbff\u0041""#])
    func unpaired(_ json: String) throws {
        let document = try JSONDocument(bytes(json), as: .other)
        #expect(document.text(document.root) == nil)
    }
}

@Suite("Written JSON strings")
struct JSONTextTests {
    @Test("escape what must be escaped and the two separators that old scripts break on")
    func escapes() {
        #expect(
            text(JSONText.string("a\"\\\n\r\t\u{8}\u{C}\u{1}\u{1F}/é\u{2028}\u{2029}\u{202A}🙂"))
                == #""a\"\\\n\r\t\b\f\u0001\u001f/é\u2028\u2029‪🙂""#)
    }

    @Test("read back as what they were")
    func roundTrip() throws {
        var random = Seeded(3)
        for _ in 0..<2000 {
            let scalars = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                Unicode.Scalar(UInt32.random(in: 0..<0x3000, using: &random)) ?? "\u{10FFFF}"
            }
            let original = String(String.UnicodeScalarView(scalars))
            let document = try JSONDocument(JSONText.string(original), as: .other)
            #expect(document.text(document.root).map { Array($0.utf8) } == Array(original.utf8))
        }
    }

    @Test("a decimal is written as a number, and anything else as a string")
    func decimals() {
        func written(_ decimal: String) -> String {
            var out: [UInt8] = []
            JSONText.append(decimal: decimal, to: &out)
            return text(out)
        }
        #expect(["0", "12", "0.000001", "-3.5"].map(written) == ["0", "12", "0.000001", "-3.5"])
        #expect(
            ["", "1 ", "01", "{}", "true", "\"x\"", "1,2"].map(written) == [
                "\"\"", "\"1 \"", "\"01\"", "\"{}\"", "\"true\"", #""\"x\"""#, "\"1,2\"",
            ])
    }
}
