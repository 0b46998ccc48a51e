import MCPWire
package import NIOCore

/// A tool that a `ToolServer` offers.
package struct DemoTool: Sendable {
    package let name: String
    package var description: String
    /// The JSON text of its input schema.
    package let schema: String
    /// The JSON text of its annotations; nil where it has none.
    let annotations: String?
    /// What it does with its arguments (an object).
    package let play: @Sendable (JSONValue) -> Performance

    package init(
        name: String, description: String, schema: String, annotations: String? = nil, play: @escaping @Sendable (JSONValue) -> Performance
    ) {
        self.annotations = annotations
        self.name = name
        self.description = description
        self.schema = schema
        self.play = play
    }

    /// A schema of required members, each with the name of its JSON type.
    package static func schema(_ members: KeyValuePairs<String, String>) -> String {
        let properties = members.map { #""\#($0.key)":{"type":"\#($0.value)"}"# }.joined(separator: ",")
        let required = members.map { #""\#($0.key)""# }.joined(separator: ",")
        return #"{"type":"object","properties":{\#(properties)},"required":[\#(required)]}"#
    }

    /// The arguments of a call.
    static func arguments(of call: ForwardedRequest) -> JSONValue {
        call.message.paramToken("arguments").flatMap { JSONValue($0) } ?? .object([:])
    }

    /// How a call goes, with at least this pause before an answer without progress.
    func performance(with arguments: JSONValue, after delay: TimeAmount) -> Performance {
        var performance = play(arguments)
        if performance.steps == 0, delay > performance.pause { performance.pause = delay }
        return performance
    }

    /// Its entry in `tools/list`.
    var definition: [UInt8] {
        var out: [UInt8] = []
        JSONText.append(raw: #"{"name":"#, to: &out)
        JSONText.append(string: name, to: &out)
        JSONText.append(raw: #","description":"#, to: &out)
        JSONText.append(string: description, to: &out)
        JSONText.append(raw: #","inputSchema":"#, to: &out)
        out.append(contentsOf: schema.utf8)
        if let annotations { out += #","annotations":\#(annotations)"#.utf8 }
        out.append(UInt8(ascii: "}"))
        return out
    }
}

/// How a call of a tool goes.
package struct Performance: Sendable {
    /// What it ends with.
    package enum Outcome: Sendable {
        /// The JSON text of the result object.
        case result([UInt8])
        /// A JSON-RPC error.
        case error(code: Int, message: String)
    }

    /// How many progress notifications come first, and how far apart.
    package var steps = 0
    package var pause: TimeAmount = .zero
    /// The outcome waits until the server is told to release what is parked.
    package var isParked = false
    package let outcome: Outcome

    package init(_ outcome: Outcome, steps: Int = 0, pause: TimeAmount = .zero, isParked: Bool = false) {
        self.outcome = outcome
        self.steps = steps
        self.pause = pause
        self.isParked = isParked
    }

    /// One text, at once or after a pause.
    package static func text(_ text: String, isError: Bool = false, after pause: TimeAmount = .zero) -> Performance {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count + 64)
        JSONText.append(raw: #"{"content":[{"type":"text","text":"#, to: &out)
        JSONText.append(string: text, to: &out)
        JSONText.append(raw: "}]", to: &out)
        if isError { JSONText.append(raw: #","isError":true"#, to: &out) }
        out.append(UInt8(ascii: "}"))
        return Performance(.result(out), pause: pause)
    }

    /// A JSON object, as structured content and as text.
    package static func structured(_ json: String) -> Performance {
        var out: [UInt8] = []
        JSONText.append(raw: #"{"content":[{"type":"text","text":"#, to: &out)
        JSONText.append(string: json, to: &out)
        JSONText.append(raw: #"}],"structuredContent":"#, to: &out)
        out.append(contentsOf: json.utf8)
        out.append(UInt8(ascii: "}"))
        return Performance(.result(out))
    }
}
