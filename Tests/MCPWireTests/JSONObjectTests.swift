import MCPWire
import Testing

@Suite("Objects that are not of MCP")
struct JSONObjectTests {
    @Test("texts and integers are read by their keys")
    func reads() throws {
        let object = try #require(
            JSONObject(
                Array(#" {"a":"x\u0041","n":-12,"s":"34","f":1.5,"t":true,"z":null,"o":{"a":"inner"},"big":99999999999999999999} "#.utf8)))
        #expect(object.text("a") == "xA" && object.text("n") == nil && object.text("missing") == nil && object.text("o") == nil)
        #expect(object.integer("n") == -12 && object.integer("s") == 34)
        for key in ["a", "f", "t", "z", "o", "big", "missing"] { #expect(object.integer(key) == nil, "\(key)") }
        #expect(object.has("t") && !object.has("z") && !object.has("missing"))
    }

    @Test(
        "what is no object, or could be read in two ways, is refused",
        arguments: ["", "[]", "1", "null", "{", #"{"a":1}x"#, #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"a":"\#u{0}"}"#])
    func refuses(_ text: String) { #expect(JSONObject(Array(text.utf8)) == nil) }
}
