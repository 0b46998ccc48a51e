import Testing

@testable import MCPWire

@Suite("A message")
struct MessageTests {
    @Test("is a request, a notification or a response by what its envelope has")
    func kinds() throws {
        let request = try message(#"{"jsonrpc":"2.0","id":"x","method":"ping"}"#)
        #expect(request.kind == .request && request.method == "ping" && request.id?.raw == bytes(#""x""#))
        let notification = try message(#"{"method":"notifications/initialized","jsonrpc":"2.0","params":{}}"#)
        #expect(notification.kind == .notification && notification.method == Method.initialized && notification.id == nil)
        let result = try message(#"{"result":{},"id":-3,"jsonrpc":"2.0"}"#)
        #expect(result.kind == .response && result.method == nil && result.id?.number == -3)
        let error = try message(#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}}"#)
        #expect(error.kind == .response && error.id == nil)
    }

    @Test(
        "that is no JSON is malformed", arguments: ["", "x", "{", #"{"jsonrpc":"2.0","id":1,"method":"a"}}"#, #"{"jsonrpc":"2.0" "id":1}"#])
    func malformed(_ json: String) {
        #expect(throws: WireError.malformed) { try message(json) }
    }

    @Test(
        "that is JSON but no message is an invalid request",
        arguments: [
            "[]", #"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, "1", "null", "{}", #"{"id":null,"method":"ping","jsonrpc":"2.0"}"#,
            #"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#, #"{"jsonrpc":"2.0","id":1e2,"method":"ping"}"#,
            #"{"jsonrpc":"2.0","id":true,"method":"ping"}"#, #"{"jsonrpc":"2.0","id":[],"method":"ping"}"#,
            #"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, #"{"jsonrpc":"2.0","id":"\ud800","method":"ping"}"#, #"{"jsonrpc":"2.0"}"#,
            #"{"jsonrpc":"2.0","result":{}}"#, #"{"jsonrpc":"2.0","id":null,"result":{}}"#, #"{"jsonrpc":"2.0","id":1.5,"error":{}}"#,
        ])
    func invalid(_ json: String) {
        #expect(throws: WireError.invalidRequest(nil)) { try message(json) }
    }

    @Test(
        "that is invalid though its id is sound is answered under that id",
        arguments: [
            #"{"id":1,"method":"ping"}"#, #"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, #"{"jsonrpc":2.0,"id":1,"method":"ping"}"#,
            #"{"jsonrpc":"2.0","id":1,"method":5}"#, #"{"jsonrpc":"2.0","id":1,"method":"\udc00"}"#, #"{"jsonrpc":"2.0","id":1}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#, #"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"ping","error":null}"#,
        ])
    func invalidWithID(_ json: String) {
        #expect(throws: WireError.invalidRequest(RequestID(1))) { try message(json) }
    }

    @Test("takes params and _meta as objects, null or nothing")
    func params() throws {
        for params in ["{}", "null", #"{"_meta":null}"#, #"{"_meta":{}}"#] {
            #expect(try message(#"{"jsonrpc":"2.0","id":1,"method":"ping","params":\#(params)}"#).kind == .request)
        }
        for params in ["[]", "1", #""x""#, #"{"_meta":[]}"#, #"{"_meta":"x"}"#] {
            let error = #expect(throws: WireError.self) { try message(#"{"jsonrpc":"2.0","id":1,"method":"ping","params":\#(params)}"#) }
            guard case .invalidParams(RequestID(1), _) = error else {
                return #expect(Bool(false), "\(params): \(String(describing: error))")
            }
        }
    }

    @Test(
        "that says a key twice is refused, however the key is written",
        arguments: [
            #"{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}"#, #"{"jsonrpc":"2.0","id":1,"id":1,"method":"a"}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"a","\u006dethod":"b"}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"a","params":{},"p\u0061rams":{}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"x","name":"y"}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"x","n\u0061me":"y"}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"token":1,"toke\u006e":2}}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{"_meta":{},"_meta":{}}}"#, #"{"jsonrpc":"2.0","id":1,"error":{"code":1,"code":2}}"#,
        ])
    func repeated(_ json: String) {
        #expect(throws: WireError.invalidRequest(nil)) { try message(json) }
    }

    @Test(
        "with a key that another decoder takes for one of the protocol's is refused",
        arguments: [
            #"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}"#, #"{"JSONRPC":"2.0","id":1,"method":"ping"}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"cheap","Name":"dear"}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"x","_Meta":{"io.satgate/caller":1}}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"x","taſk":{}}}"#,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":{\"name\":\"x\",\"tas\u{212A}\":{}}}",
            #"{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"x","\u0054ask":{}}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{"_META":{}}}"#,
        ])
    func lookalike(_ json: String) {
        #expect(throws: WireError.invalidRequest(nil)) { try message(json) }
    }

    @Test("may have keys of any other spelling, and repeat keys in what passes through")
    func harmlessKeys() throws {
        let json = #"""
            {"jsonrpc":"2.0","id":1,"method":"a","Extra":1,"extra":2,"ключ":3,"params":{"Names":1,"names":2,"progressToken":3,
            "arguments":{"a":1,"a":2,"\ud800":3},"_meta":{"Token":1,"token":2,"io.modelcontextprotocol\/protocolVersion":"x"}}}
            """#
        #expect(try message(json).protocolVersionOfMeta == "x")
    }

    @Test("with a key in the envelope, params or _meta that spells nothing is refused")
    func unpairedKeys() {
        for params in [#"{"\ud800":1}"#, #"{"_meta":{"\udfff":1}}"#] {
            #expect(throws: WireError.invalidRequest(nil)) { try message(#"{"jsonrpc":"2.0","id":1,"method":"a","params":\#(params)}"#) }
        }
    }

    @Test("with escaped keys is read as what they spell")
    func escapedKeys() throws {
        let read = try message(
            #"{"\u006asonrpc":"2.0","i\u0064":5,"\u006dethod":"\u0070ing","p\u0061rams":{"\u005fmeta":{"progressT\u006fken":9},"a\/b":"c"}}"#
        )
        #expect(read.method == "ping" && read.id?.number == 5)
        #expect(read.progressTokenOfMeta == bytes("9"))
        #expect(read.paramText("a/b") == "c")
    }

    @Test("of a thousand members is read, of thousands it is refused, both at once")
    func manyMembers() throws {
        func meta(_ count: Int) -> String { (0..<count).map { "\"k\($0)\":\($0)" }.joined(separator: ",") }
        let large = try message(#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{\#(meta(1000))},"x":"y"}}"#)
        #expect(large.paramText("x") == "y")
        #expect(throws: WireError.invalidRequest(nil)) {
            try message(#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{\#(meta(100_000))}}}"#)
        }
        let free = try message(#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"arguments":{\#(meta(100_000))}}}"#)
        #expect(free.paramToken("arguments")?.count ?? 0 > 1_000_000)
    }

    @Test("gives out params as text or as they are written")
    func reading() throws {
        let read = try message(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a\u0062","n":1.50,"s":"\n"}}"#)
        #expect(read.paramText("s") == "\n" && read.paramText("n") == nil && read.paramText("none") == nil)
        #expect(read.paramToken("n") == bytes("1.50") && read.paramToken("s") == bytes(#""\n""#))
        #expect(read.cancelledRequest?.raw == bytes(#""a\u0062""#))
    }

    @Test("of an upstream is relayed without what only the gateway may say")
    func relayed() throws {
        let json =
            #"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":{"io.satgate/a":1},"_meta":{"io.satgate/a":1,"b":2}}}"#
        #expect(text(try message(json).relayed()) == json.replacing(#""io.satgate/a":1,"#, with: ""))
        let heard = json.replacing(#""b":2"#, with: #""b":2,"io.modelcontextprotocol/subscriptionId":7"#)
        #expect(text(try message(heard).relayed()) == json.replacing(#""io.satgate/a":1,"#, with: ""))
    }

    @Test("of one MiB of text is read, and so is one of many small values")
    func large() throws {
        let long = String(repeating: "lorem ipsum \\u00e9 日本\\n", count: 45_000)
        #expect(try message(#"{"jsonrpc":"2.0","id":1,"result":{"t":"\#(long)"}}"#).bytes.count > 1 << 20)
        let many = String(repeating: #"{"a":[1,-2.5e3,"x"]},"#, count: 50_000)
        #expect(try message(#"{"jsonrpc":"2.0","id":1,"result":{"t":[\#(many)0]}}"#).bytes.count > 1 << 20)
    }
}

@Suite("A request's id")
struct RequestIDTests {
    @Test("keeps its JSON type: 1 and \"1\" differ")
    func types() throws {
        let number = try #require(RequestID(raw: bytes("1")))
        let string = try #require(RequestID(raw: bytes(#""1""#)))
        #expect(number != string && number == RequestID(1))
        #expect(number.number == 1 && number.text == nil && string.number == nil && string.text == "1")
        #expect("\(string)" == #""1""#)
    }

    @Test(
        "a token comes out as it came in, and is one id with the number only where that has no other spelling",
        arguments: [
            "0", "7", "-1", "999999999999999999", "-999999999999999999", "9223372036854775807", "-9223372036854775808",
        ])
    func numbersKeepTheirSpelling(token: String) throws {
        let id = try #require(RequestID(raw: bytes(token)))
        var written: [UInt8] = []
        id.append(to: &written)
        #expect(id.raw == bytes(token) && written == bytes(token) && id.description == token)
        #expect(id == RequestID(try #require(Int(token))) && id.number == Int(token))
    }

    @Test(
        "tokens that fit no number, or are another spelling of one, are ids of their own",
        arguments: ["-0", "9223372036854775808", "-9223372036854775809", "123456789012345678901234567890", #""7""#, #""\u0037""#])
    func otherTokensStay(token: String) throws {
        let id = try #require(RequestID(raw: bytes(token)))
        var written: [UInt8] = []
        id.append(to: &written)
        #expect(id.raw == bytes(token) && written == bytes(token))
        #expect(id != RequestID(0) && id != RequestID(7) && id != RequestID(.max) && id != RequestID(.min))
    }

    @Test("may be an integer of any length up to 1 KiB")
    func integers() {
        for raw in ["0", "-0", "-5", "9223372036854775808", String(repeating: "9", count: 1024)] {
            #expect(RequestID(raw: bytes(raw)) != nil)
        }
        #expect(RequestID(raw: bytes("9223372036854775808"))?.number == nil)
    }

    @Test(
        "is nothing else",
        arguments: ["", "null", "1.5", "1e3", "01", "-", " 1", "1 ", "{}", "[]", "true", "\"", "\"a", #""\ud800""#, "\"a\"1"])
    func others(_ raw: String) { #expect(RequestID(raw: bytes(raw)) == nil) }

    @Test("is at most 1 KiB long")
    func length() {
        #expect(RequestID(raw: bytes("\"" + String(repeating: "a", count: 1022) + "\"")) != nil)
        #expect(RequestID(raw: bytes("\"" + String(repeating: "a", count: 1023) + "\"")) == nil)
    }
}
