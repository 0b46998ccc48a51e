import Testing

@testable import MCPWire

/// The bytes of a text.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The text of bytes.
func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite("A tool call")
struct ToolCallTests {
    @Test("is forwarded with our id and the upstream's tool name, and nothing else changed")
    func forwarded() throws {
        let call = try ToolCall(
            Message(bytes(#" {"jsonrpc" : "2.0","id":"a","method":"tools/call","params":{"name":"x__echo","arguments":{"name":"id"}}} "#)))
        #expect(
            text(call.forwarded(id: 7, name: "echo"))
                == #"{"jsonrpc" : "2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"name":"id"}}}"#)
    }
}
