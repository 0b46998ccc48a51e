import Testing

@testable import MCPWire

@Suite("The canonical text of JSON")
struct CanonicalJSONTests {
    private func canonical(_ json: String) throws -> [UInt8] {
        let document = try JSONDocument(bytes(json), as: .other)
        return CanonicalJSON.text(of: document.bytes, at: document.root)
    }

    @Test(
        "is one for all spellings of a value",
        arguments: [
            (#"{"b":1,"a":[true,null]}"#, "{ \"a\" : [ true , null ],\n\"b\":1 }"), (#""Zo\u00eb\/\ud83d\ude00""#, "\"Zoë/😀\""),
            (#""a\u0022\\""#, #""a\"\u005c""#), ("1", "1.0"), ("1", "10e-1"), ("1200", "1.2E+3"), ("0", "-0.00e7"), ("-0.5", "-5e-01"),
            (#"{"k\u0061":1}"#, #"{"ka":1}"#), (#"{"a":{"y":1,"x":2}}"#, #"{"a":{"x":2,"y":1}}"#), ("[]", "[ ]"), ("{}", "{\t}"),
            ("123456789012345678901234567890", "123456789012345678901234567890.0"),
        ])
    func same(_ one: String, _ other: String) throws {
        #expect(try canonical(one) == canonical(other))
    }

    @Test(
        "differs where a value does",
        arguments: [
            ("1", "-1"), ("1", #""1""#), ("1", "10"), ("0.1", "0.10000000000000000001"), ("[1,2]", "[2,1]"), ("null", "false"),
            (#"{"a":1}"#, #"{"a":1,"b":null}"#), (#"{"a":"b"}"#, #"{"b":"a"}"#), (#""é""#, #""e\u0301""#), (#""\ud800""#, #""\\ud800""#),
            (#""\ud800""#, #""\ud801""#), ("[[1],2]", "[[1,2]]"), (#"{"a":1,"a":2}"#, #"{"a":2,"a":1}"#), ("1e9999999999999999999", "1e9"),
            (#"["a","b"]"#, #"["a\",\"b"]"#), ("{}", "[]"), (#""""#, #""\u0000""#),
        ])
    func different(_ one: String, _ other: String) throws {
        #expect(try canonical(one) != canonical(other))
    }

    @Test("does not hang on the order of members or on white space (3,000 random documents)")
    func order() throws {
        var random = Seeded(23)
        for _ in 0..<3000 {
            let tree = Tree.random(&random)
            let shuffled = tree.shuffledThroughout(&random)
            #expect(try canonical(tree.written()) == canonical(shuffled.written(spacedBy: &random)))
        }
    }
}

extension Tree {
    /// The members of all objects put in another order.
    fileprivate func shuffledThroughout(_ random: inout Seeded) -> Tree {
        switch self {
        case .token: return self
        case .array(let elements):
            var out: [Tree] = []
            for element in elements { out.append(element.shuffledThroughout(&random)) }
            return .array(out)
        case .object(let members):
            var out: [(key: String, value: Tree)] = []
            for member in members { out.append((member.key, member.value.shuffledThroughout(&random))) }
            return Tree.object(out).shuffled(&random)
        }
    }
}
