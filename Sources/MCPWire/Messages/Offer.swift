/// What an agent is told that it finds here.
package struct Offer: Sendable, Hashable {
    private let capabilities: ServerCapabilities
    package let instructions: String?

    /// What satgate passes through, of any upstream.
    private static let passed: ServerCapabilities = [
        .tools, .toolsListChanged, .prompts, .promptsListChanged, .resources, .resourcesListChanged, .subscriptions,
        .completions, .logging,
    ]

    /// Whatever upstreams there are: fixed, so that no agent waits for them.
    package static let fixed = Offer(capabilities: passed, instructions: nil)

    private init(capabilities: ServerCapabilities, instructions: String?) {
        self.capabilities = capabilities
        self.instructions = instructions
    }

    /// What one upstream says of itself, as far as it is passed through; a tool there is always.
    package init(of capabilities: ServerCapabilities, instructions: String?) {
        self.init(capabilities: capabilities.intersection(Self.passed).union(.tools), instructions: instructions)
    }

    /// The lists whose changes are told.
    package var announced: ListKinds {
        Announcement.all.filter { capabilities.contains($0.capability) }.reduce(ListKinds()) { $0.union($1.kind) }
    }

    /// Appends `"capabilities":{…}`, and `,"instructions":…` where there are any.
    func append(to out: inout [UInt8]) {
        var parts: [String] = []
        func flag(_ capability: ServerCapabilities) -> Bool { capabilities.contains(capability) }
        if flag(.tools) { parts.append(#""tools":{"listChanged":\#(flag(.toolsListChanged))}"#) }
        if flag(.prompts) { parts.append(#""prompts":{"listChanged":\#(flag(.promptsListChanged))}"#) }
        if flag(.resources) {
            parts.append(#""resources":{"listChanged":\#(flag(.resourcesListChanged)),"subscribe":\#(flag(.subscriptions))}"#)
        }
        if flag(.completions) { parts.append(#""completions":{}"#) }
        if flag(.logging) { parts.append(#""logging":{}"#) }
        JSONText.append(raw: #""capabilities":{"#, to: &out)
        out += parts.joined(separator: ",").utf8
        JSONText.append(raw: "}", to: &out)
        guard let instructions else { return }
        JSONText.append(raw: #","instructions":"#, to: &out)
        JSONText.append(string: instructions, to: &out)
    }
}
