import Testing

@testable import MCPWire

@Suite("The answer to a resource's reading")
struct ResourceViewTests {
    private let view = ResourceView { $0 == "a://1" ? "up+a://1" : $0 }
    private let contents = #"[{"uri":"a:\/\/1","text":"a://1"}, {"text":"x","uri":"a://2"},{"uri":1},7]"#
    private let renamed = #"[{"uri":"up+a://1","text":"a://1"}, {"text":"x","uri":"a://2"},{"uri":1},7]"#

    private func response(_ members: String) -> String { #"{"jsonrpc":"2.0","id":7,"result":{\#(members)}}"# }

    @Test("names resources as the agent does, where it knows them by other URIs, and nothing else is changed")
    func legacy() throws {
        let answer = try answer(response(#""contents" : \#(contents),"x":"a://1""#))
        #expect(
            text(answer.addressed(to: RequestID(1), as: view))
                == #"{"jsonrpc":"2.0","id":1,"result":{"contents" : \#(renamed),"x":"a://1"}}"#)
        #expect(text(answer.addressed(to: RequestID(1))).contains(contents), "of a tool it is content like any other")
    }

    @Test("may be kept by the agent alone where there is no handshake")
    func modern() throws {
        let responder = Responder(version: "1")
        func shown(_ members: String) throws -> String {
            text(try Answer(message(response(members)), era: .modern).addressed(to: RequestID(1), by: responder, as: view).body)
        }
        let bare = try shown(#""contents":\#(contents)"#)
        #expect(bare.contains(#""result":{"ttlMs":0,"cacheScope":"private","resultType":"complete","_meta":{"#))
        #expect(bare.contains(renamed))
        let told = try shown(#""resultType":"complete","cacheScope":"public","contents":[],"ttlMs":5"#)
        #expect(told.contains(#""resultType":"complete","cacheScope":"private","contents":[],"ttlMs":5"#) && !told.contains(#""ttlMs":0"#))
    }

    @Test("that it does not exist has the number of the agent's era")
    func notFound() throws {
        func error(_ code: Int) -> String { #"{"jsonrpc":"2.0","id":7,"error":{"code":\#(code),"message":"Resource not found"}}"# }
        let modern = try Answer(message(error(-32602)), era: .modern)
        #expect(try answer(text(modern.addressed(to: RequestID(1), as: view))).kind == .error(code: -32002))
        #expect(try answer(text(modern.addressed(to: RequestID(1)))).kind == .error(code: -32602), "a tool's parameter")
        let legacy = try answer(error(-32602))
        #expect(try answer(text(legacy.addressed(to: RequestID(1), as: view))).kind == .error(code: -32602), "it means the parameter")
        let (status, body) = try answer(error(-32002)).addressed(to: RequestID(1), by: Responder(version: "1"), as: view)
        #expect(try status == 400 && answer(text(body)).kind == .error(code: -32602))
    }
}
