import Testing

@testable import MCPWire

@Suite("A tool's definition")
struct ToolDefinitionTests {
    private func shown(_ json: String, cost: String = "2.5") throws -> String {
        text(try ToolDefinition(bytes(json)).shown(as: "up__t", cost: cost))
    }

    @Test("is shown under another name and with its cost, all else byte for byte")
    func shown() throws {
        #expect(
            try shown(#"{"name":"t", "inputSchema":{"name":1,"_meta":2} }"#)
                == #"{"name":"up__t", "inputSchema":{"name":1,"_meta":2} ,"_meta":{"io.satgate/cost":2.5}}"#)
        #expect(try shown(#"{"a":"\u0061","name":"t"}"#) == #"{"a":"\u0061","name":"up__t","_meta":{"io.satgate/cost":2.5}}"#)
    }

    @Test("says whether it may run twice, if it says so plainly")
    func hints() throws {
        func isRepeatable(_ annotations: String) throws -> Bool {
            try ToolDefinition(bytes(#"{"name":"t","annotations":\#(annotations)}"#)).isRepeatable
        }
        #expect(try isRepeatable(#"{"idempotentHint":true}"#) && isRepeatable(#"{"readOnlyHint":true,"idempotentHint":false}"#))
        for other in [
            "{}", #"{"idempotentHint":"true"}"#, #"{"idempotentHint":1}"#, "[]", "null", #"{"idempotentHint":true,"idempotentHint":false}"#,
        ] {
            #expect(try !isRepeatable(other))
        }
        #expect(try !ToolDefinition(bytes(#"{"name":"t","idempotentHint":true}"#)).isRepeatable)
    }

    @Test("keeps its own _meta but for what is ours, before and after the name")
    func meta() throws {
        #expect(
            try shown(#"{"name":"t","_meta":{"a":1,"io.satgate/cost":0,"b":2},"x":[]}"#)
                == #"{"name":"up__t","_meta":{"io.satgate/cost":2.5,"a":1,"b":2},"x":[]}"#)
        #expect(
            try shown(#"{"_meta":{"io.satgate\/cost":0, "a":1},"name":"t"}"#) == #"{"_meta":{"io.satgate/cost":2.5,"a":1},"name":"up__t"}"#)
        #expect(try shown(#"{"_meta":{"io.satgate/x":0},"name":"t"}"#) == #"{"_meta":{"io.satgate/cost":2.5},"name":"up__t"}"#)
        #expect(try shown(#"{"_meta":{},"name":"t"}"#) == #"{"_meta":{"io.satgate/cost":2.5},"name":"up__t"}"#)
        #expect(try shown(#"{"_meta":null,"name":"t"}"#) == #"{"_meta":{"io.satgate/cost":2.5},"name":"up__t"}"#)
    }

    @Test("says whether the tool must be called as a task")
    func tasks() throws {
        #expect(try ToolDefinition(bytes(#"{"name":"t","execution":{"taskSupport":"required"}}"#)).requiresTask)
        #expect(try !ToolDefinition(bytes(#"{"name":"t","execution":{"taskSupport":"optional"}}"#)).requiresTask)
        #expect(try !ToolDefinition(bytes(#"{"name":"t"}"#)).requiresTask)
    }

    @Test("needs a name and no key said twice", arguments: ["{}", "[]", #"{"name":1}"#, #"{"name":""}"#, #"{"name":"a","name":"b"}"#])
    func unsound(_ json: String) {
        #expect(throws: WireError.invalidRequest(nil)) { try ToolDefinition(bytes(json)) }
    }

    @Test("of the built-in ping is what reading its bytes gives")
    func ping() throws {
        let read = try ToolDefinition(BuiltIn.ping.bytes)
        #expect(read == BuiltIn.ping && read.name == "ping")
        #expect(read.shown(as: "ping", cost: "0") == BuiltIn.ping.shown(as: "ping", cost: "0"))
        #expect(
            text(BuiltIn.ping.shown(as: "ping", cost: "0")).hasSuffix(
                #""inputSchema":{"type":"object","properties":{}},"_meta":{"io.satgate/cost":0}}"#))
    }

    @Test("stays itself but for name and _meta, whatever else it holds (5,000 random ones)")
    func property() throws {
        var random = Seeded(41)
        for _ in 0..<5000 {
            var members = Tree.members(&random, depth: 2)
            members.append((#""name""#, .token(#""t""#)))
            let ours = [(#""io.satgate/cost""#, Tree.token("9")), (#""io.satg\u0061te/x""#, .random(&random, depth: 1))]
            let kept = Tree.members(&random, depth: 1)
            let hasMeta = random.happens(2, outOf: 3)
            let meta = Tree.object(kept + ours.prefix(Int.random(in: 0...2, using: &random))).shuffled(&random)
            if hasMeta { members.append((#""_meta""#, meta)) }
            let tree = Tree.object(members).shuffled(&random)

            let cost = (#""io.satgate/cost""#, Tree.token("1"))
            var expected = tree.setting("name", to: .token(#""n""#)).changing("_meta") { meta in
                guard
                    case .object(let kept) = meta.removing({
                        $0.hasPrefix(#""io.satgate/"#) || $0.hasPrefix(#""io.satg\"#) && $0.hasSuffix("/x\"")
                    })
                else { return meta }
                return .object([cost] + kept)
            }
            if !hasMeta, case .object(let members) = expected { expected = .object(members + [(#""_meta""#, .object([cost]))]) }
            let written = tree.written(spacedBy: &random)
            #expect(compact(try ToolDefinition(bytes(written)).shown(as: "n", cost: "1")) == expected.written(), "\(written)")
        }
    }
}

@Suite("A page of tools")
struct ToolPageTests {
    @Test("has the tools in the upstream's order and the cursor of the next page")
    func page() throws {
        let page = try ToolPage(
            answer(#"{"jsonrpc":"2.0","id":1,"result":{"tools":[ {"name":"b"} ,{"name":"a","x":[1,{"y":"]"}]}],"nextCursor":"n\u0031"}}"#))
        #expect(page.tools.map(\.name) == ["b", "a"] && page.nextCursor == "n1" && page.unreadable == 0)
        #expect(page.tools.map { text($0.bytes) } == [#"{"name":"b"}"#, #"{"name":"a","x":[1,{"y":"]"}]}"#])
        let last = try ToolPage(answer(#"{"jsonrpc":"2.0","id":1,"result":{"tools":[],"nextCursor":null}}"#))
        #expect(last.tools.isEmpty && last.nextCursor == nil)
    }

    @Test("leaves out what is no tool and keeps the others")
    func unreadable() throws {
        let page = try ToolPage(answer(#"{"jsonrpc":"2.0","id":1,"result":{"tools":[1,{"name":"a"},{"name":"b","name":"c"},{}]}}"#))
        #expect(page.tools.map(\.name) == ["a"] && page.unreadable == 3)
    }

    @Test(
        "is a result with an array of tools", arguments: [#""result":{}"#, #""result":{"tools":{}}"#, #""error":{"code":1,"message":"x"}"#])
    func others(_ member: String) {
        #expect(throws: WireError.invalidRequest(RequestID(1))) { try ToolPage(answer(#"{"jsonrpc":"2.0","id":1,\#(member)}"#)) }
    }
}
