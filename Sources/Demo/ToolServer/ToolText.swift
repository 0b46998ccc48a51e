import MCPWire

/// The JSON-RPC texts that a tool server makes.
enum ToolText {
    private static let listChanged = #""method":"notifications/tools/list_changed""#

    /// The answer with a result, which is a JSON object.
    static func result(_ id: RequestID, _ result: some Collection<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(result.count + id.raw.count + 40)
        JSONText.append(raw: #"{"jsonrpc":"2.0","id":"#, to: &out)
        out += id.raw
        JSONText.append(raw: #","result":"#, to: &out)
        out += result
        out.append(UInt8(ascii: "}"))
        return out
    }

    /// The answer with an error; `data` is JSON.
    static func error(_ id: RequestID?, code: Int, _ message: String, data: String? = nil) -> [UInt8] {
        var out: [UInt8] = []
        JSONText.append(raw: #"{"jsonrpc":"2.0","id":"#, to: &out)
        out += id?.raw ?? Array("null".utf8)
        JSONText.append(raw: #","error":{"code":"#, to: &out)
        JSONText.append(integer: code, to: &out)
        JSONText.append(raw: #","message":"#, to: &out)
        JSONText.append(string: message, to: &out)
        if let data { out += Array(#","data":\#(data)"#.utf8) }
        JSONText.append(raw: "}}", to: &out)
        return out
    }

    /// Tells that the tools are others now; `tag` is a member of its params, with its key.
    static func listChanged(tag: String? = nil) -> [UInt8] {
        let params = tag.map { #","params":{\#($0)}"# } ?? ""
        return Array(#"{"jsonrpc":"2.0",\#(listChanged)\#(params)}"#.utf8)
    }

    /// Tells how far a call is.
    static func progress(_ token: [UInt8], step: Int, of steps: Int) -> [UInt8] {
        var out: [UInt8] = []
        JSONText.append(raw: #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"#, to: &out)
        out += token
        out += Array(#","progress":\#(step),"total":\#(steps)}}"#.utf8)
        return out
    }

    /// The members `tools` and, if there are more, `nextCursor`.
    static func page(_ tools: some Sequence<DemoTool>, next: String?) -> [UInt8] {
        var out: [UInt8] = []
        JSONText.append(raw: #""tools":["#, to: &out)
        for (index, tool) in tools.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out += tool.definition
        }
        out.append(UInt8(ascii: "]"))
        if let next {
            JSONText.append(raw: #","nextCursor":"#, to: &out)
            JSONText.append(string: next, to: &out)
        }
        return out
    }

    /// The text as a JSON string.
    static func quoted(_ text: String) -> String { String(decoding: JSONText.string(text), as: UTF8.self) }
}
