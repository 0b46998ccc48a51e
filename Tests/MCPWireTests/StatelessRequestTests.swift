import Testing

@testable import MCPWire

@Suite("A request of an agent without a handshake")
struct StatelessRequestTests {
    private static let meta =
        #""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{}},"io.modelcontextprotocol/clientInfo":{"name":"a","version":"1"}"#

    private func request(
        _ method: String = "tools/list", meta: String? = "{\(Self.meta)}", params: String = "", version: String? = "2026-07-28",
        methods: [String]? = nil, names: [String] = []
    ) throws -> StatelessRequest {
        try StatelessRequest(message(method, meta: meta, params: params), headers: headers(version, methods ?? [method], names))
    }

    private func message(_ method: String, meta: String? = "{\(Self.meta)}", params: String = "") throws -> Message {
        let members = [meta.map { #""_meta":\#($0)"# }, params.isEmpty ? nil : params].compactMap(\.self).joined(separator: ",")
        return try Message(bytes(#"{"jsonrpc":"2.0","id":"x","method":"\#(method)","params":{\#(members)}}"#))
    }

    private func headers(_ version: String?, _ methods: [String], _ names: [String]) -> StatelessRequest.Headers {
        .init(
            revision: version.map { Array($0.utf8)[...] }, method: methods.first.map { Array($0.utf8)[...] },
            name: names.first.map { Array($0.utf8)[...] }, areRepeated: methods.count > 1 || names.count > 1)
    }

    @Test("what an agent says of itself is known again in the same bytes only")
    func repeated() throws {
        let first = try message("tools/list")
        let description = try #require(
            AgentDescription(StatelessRequest(first, headers: headers("2026-07-28", ["tools/list"], [])), in: first))
        #expect(description.client == "a 1" && description.profile.abilities.contains(.roots))
        #expect(try description.isRepeated(in: message("tools/call", params: #""name":"t""#)))
        for change in [
            (#"{"roots":{}}"#, "{}"), (#""version":"1""#, #""version":"2""#), ("2026-07-28", "2026-07-29"),
            (#"{"roots":{}}"#, #"{"roots": {}}"#),
            (#","io.modelcontextprotocol/clientInfo":{"name":"a","version":"1"}"#, ""), ("clientCapabilities", "other"),
        ] {
            let meta = Self.meta.replacing(change.0, with: change.1)
            #expect(try meta != Self.meta && !description.isRepeated(in: message("tools/list", meta: "{\(meta)}")), "\(meta)")
        }
        #expect(try !description.isRepeated(in: message("tools/list", meta: nil)))
    }

    @Test("a request that says of its agent what is known is read as if it were not known")
    func recalled() throws {
        let first = try message("tools/list")
        let description = try #require(
            AgentDescription(StatelessRequest(first, headers: headers("2026-07-28", ["tools/list"], [])), in: first))
        let start = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"#
        let meta = "{\(Self.meta)}"
        for params in [
            #""_meta":\#(meta),"name":"t"}}"#, #""name":"t","arguments":{"_meta":\#(meta)},"_meta": \#(meta) }}"#,
            #""name":"t","_me\u0074a":\#(meta),"task":{}}}"#, #""name":"t","_meta":\#(meta),"_meta":\#(meta)}}"#,
            #""name":"t","_meta":\#(meta)"#, #""name":"t","_meta":\#(meta)x}}"#, #""name":"t","_meta":\#(meta.dropLast()),"token":"x"}}"#,
            #""name":"t","_meta":\#(meta.dropLast())"#, #""name":"t","_META":\#(meta)}}"#, #""name":"t"},"_meta":\#(meta)}"#,
        ] {
            func read(_ description: AgentDescription?) -> String {
                do {
                    let message = try Message(Array((start + params).utf8), of: description)
                    let sent = try ForwardedRequest(message).forwarded(id: 7, name: "u")
                    return "\(String(decoding: sent, as: UTF8.self)) \(message.protocolVersionOfMeta ?? "")"
                } catch { return "\(error)" }
            }
            #expect(read(description) == read(nil), "\(params)")
        }
        let again = try Message(Array("\(start)\"name\":\"t\",\"_meta\":\(meta)}}".utf8), of: description)
        #expect(again.document.repeatsMeta && description.isRepeated(in: again))
    }

    @Test("a request of an agent that is known is judged like its first by its headers and the level it wants")
    func known() throws {
        let first = try message("tools/list")
        let description = try #require(
            AgentDescription(StatelessRequest(first, headers: headers("2026-07-28", ["tools/list"], [])), in: first))
        func again(_ version: String?, _ methods: [String], _ names: [String], meta: String = Self.meta) -> String {
            label {
                let call = try message("tools/call", meta: "{\(meta)}", params: #""name":"t""#)
                return try StatelessRequest(call, headers: headers(version, methods, names), of: description)
            }
        }
        #expect(again("2026-07-28", ["tools/call"], ["t"]) == "accepted")
        #expect(again("2026-07-28", ["tools/call"], ["=?base64?dA==?="]) == "accepted")
        let mismatch = label { try request(version: nil) }
        for (version, methods, names) in [
            (nil, ["tools/call"], ["t"]), ("2025-11-25", ["tools/call"], ["t"]), ("2026-07-28", [], ["t"]),
            ("2026-07-28", ["tools/list"], ["t"]),
            ("2026-07-28", ["tools/call"], ["u"]), ("2026-07-28", ["tools/call"], []), ("2026-07-28", ["tools/call"], ["t", "t"]),
        ] as [(String?, [String], [String])] {
            #expect(again(version, methods, names) == mismatch)
        }
        let loud = Self.meta + #","io.modelcontextprotocol/logLevel":"loud""#
        #expect(again("2026-07-28", ["tools/call"], ["t"], meta: loud) == label { try request(meta: "{\(loud)}") })
    }

    private func fault(_ body: () throws -> StatelessRequest) -> Fault? {
        do { return try body() as StatelessRequest? == nil ? .internalError : nil } catch { return error as? Fault }
    }

    private func label(_ body: () throws -> StatelessRequest) -> String { fault(body)?.label ?? "accepted" }

    @Test("says who sends it, the same from one agent")
    func sender() throws {
        let list = try request()
        let call = try request("tools/call", params: #""name":"t""#, names: ["t"])
        #expect(list.client == "a 1" && list.method == "tools/list" && list.id.text == "x")
        #expect(list.sender == call.sender)
        #expect(try request(meta: "{\(Self.meta.replacing(#"{"roots":{}}"#, with: "{}"))}").sender != list.sender)
        #expect(try request(meta: "{\(Self.meta.replacing(#""1""#, with: #""2""#))}").sender != list.sender)
    }

    @Test(
        "must say its revision and its capabilities",
        arguments: [
            nil, "{}", "null", #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#,
            #"{"io.modelcontextprotocol/clientCapabilities":{}}"#,
            #"{"io.modelcontextprotocol/protocolVersion":20260728,"io.modelcontextprotocol/clientCapabilities":{}}"#,
            #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":[]}"#,
            #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":"a"}"#,
        ])
    func envelope(_ meta: String?) { #expect(label { try request(meta: meta, version: "1999-01-01") } == "invalid_params") }

    @Test("without a description of its sender is one all the same")
    func nameless() throws {
        let meta = #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#
        #expect(try request(meta: meta).client == nil)
    }

    @Test("must say the same in its headers")
    func headers() {
        #expect(label { try request(version: "2025-11-25") } == "header_mismatch")
        #expect(label { try request(version: nil) } == "header_mismatch")
        for methods in [[], ["tools/call"], ["Tools/List"], ["tools/list", "tools/list"]] {
            #expect(label { try request(methods: methods) } == "header_mismatch")
        }
        for names in [[], ["u"], ["T"], ["t", "t"], ["=?base64?dQ==?="], ["=?base64?dA=?="], ["=?base64?t?="]] {
            #expect(label { try request("tools/call", params: #""name":"t""#, names: names) } == "header_mismatch")
        }
        #expect(label { try request("resources/read", params: #""uri":"a:b","name":"t""#, names: ["t"]) } == "header_mismatch")
        #expect(label { try request("prompts/get", names: ["t"]) } == "header_mismatch")
    }

    @Test("may have its name in base64, and any header where none is wanted")
    func names() {
        #expect(label { try request("tools/call", params: #""name":"t""#, names: ["=?base64?dA==?="]) } == "accepted")
        #expect(label { try request("prompts/get", params: #""name":"é""#, names: ["=?base64?w6k=?="]) } == "accepted")
        #expect(label { try request("resources/read", params: #""uri":"a:b""#, names: ["a:b"]) } == "accepted")
        #expect(label { try request(names: ["anything"]) } == "accepted")
    }

    @Test("of a revision that is not served learns which are, once it agrees with itself")
    func versions() throws {
        let meta = "{\(Self.meta.replacing("2026-07-28", with: "2099-01-01"))}"
        #expect(label { try request(meta: meta) } == "header_mismatch")
        let refused = fault { try request(meta: meta, version: "2099-01-01") }
        #expect(refused == .unsupportedVersion(requested: "2099-01-01"))
        let answer = refused?.answer(to: RequestID(1), era: .modern, toolCall: false)
        #expect(
            text(answer?.body ?? [])
                == #"{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"Unsupported protocol version","data":{"supported":["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"],"requested":"2099-01-01"}}}"#
        )
        #expect(answer?.status == 400)
    }

    @Test("is no response and no notification")
    func kinds() throws {
        for json in [#"{"jsonrpc":"2.0","method":"m"}"#, #"{"jsonrpc":"2.0","id":1,"result":{}}"#] {
            let message = try Message(bytes(json))
            #expect(throws: Fault.self) { try StatelessRequest(message, headers: headers(nil, [], [])) }
        }
    }
}
