import MCPWire
import NIOCore

/// Lists the tools of one upstream, whole, within bounds and before a deadline that really cancels.
struct ToolListing: Sendable {
    let session: any UpstreamSession
    let lane: Lane
    let deadline: NIODeadline

    /// Pages and tools beyond these mean that the list never ends.
    static let maximumPages = 100
    static let maximumTools = 10_000
    /// The bytes of all definitions of one upstream.
    static let maximumBytes = 16 * 1024 * 1024

    /// All tools in the upstream's own order; nil when it knows no such session.
    func tools() async throws(UpstreamFailure) -> [ToolDefinition]? {
        var tools: [ToolDefinition] = []
        var bytes = 0
        var seen: Set<String> = []
        var cursor: String?
        for _ in 0..<Self.maximumPages {
            guard let exchange = try await session.send(.toolsList(cursor: cursor), on: lane, before: deadline) else { return nil }
            guard let page = try await page(of: exchange) else { return [] }
            tools += page.tools
            bytes += page.tools.reduce(0) { $0 + $1.bytes.count }
            guard tools.count <= Self.maximumTools else { throw .broken(reason: "more than \(Self.maximumTools) tools") }
            guard bytes <= Self.maximumBytes else { throw .broken(reason: "a list of tools too large") }
            guard let next = page.nextCursor else { return tools }
            guard seen.insert(next).inserted else { throw .broken(reason: "a cursor repeats") }
            cursor = next
        }
        throw .broken(reason: "more than \(Self.maximumPages) pages of tools")
    }

    /// One page; nil where an upstream that says it has no tools answers with an error.
    private func page(of exchange: UpstreamExchange) async throws(UpstreamFailure) -> ToolPage? {
        guard case .answer(let answer)? = try await exchange.next() else { throw .broken(reason: "no answer") }
        if case .error(let code) = answer.kind {
            guard session.terms.offersTools else { return nil }
            throw .broken(reason: "answered with error \(code)")
        }
        guard let page = try? ToolPage(answer) else { throw .broken(reason: "unreadable list of tools") }
        return page
    }
}
