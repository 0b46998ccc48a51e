/// One page of an upstream's `tools/list`.
package struct ToolPage: Sendable {
    /// The definitions that could be read, in the upstream's order.
    package let tools: [ToolDefinition]
    /// Where the next page begins; nil on the last.
    package let nextCursor: String?
    /// How many entries were left out because they are no definition, say a key twice, or want headers that may not be.
    package let unreadable: Int

    /// Reads a result with an array of tools; one unreadable tool hides no other.
    package init(_ answer: Answer) throws(WireError) {
        let document = answer.message.document
        guard case .result = answer.kind, let range = document.value("tools", in: .result),
            let elements = JSONScanner.elements(of: document.bytes, in: range)
        else { throw .invalidRequest(answer.id) }
        tools = elements.compactMap { try? ToolDefinition(document.raw($0)) }.filter { answer.era == .legacy || $0.mirrored != nil }
        unreadable = elements.count - tools.count
        nextCursor = document.text("nextCursor", in: .result)
    }
}
