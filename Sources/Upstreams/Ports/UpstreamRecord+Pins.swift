package import MCPWire

extension UpstreamRecord {
    /// What a definition is pinned by: SHA-256 (hex) of its bytes.
    package static func pin(of definition: ToolDefinition) -> String { Fingerprint.sha256(of: definition.bytes) }

    /// Pins the definitions that are listed now, of one tool or of all; false where that tool is not listed.
    package mutating func approve(_ tool: String?) -> Bool {
        let approved = tool.map { name in tools.filter { $0.name == name } } ?? tools
        for definition in approved { pins[definition.name] = Self.pin(of: definition) }
        return tool == nil || !approved.isEmpty
    }

    /// The listed tools whose definition is not the one they are pinned by.
    package var changedTools: [String] {
        tools.filter { tool in pins[tool.name].map { $0 != Self.pin(of: tool) } ?? false }.map(\.name)
    }
}
