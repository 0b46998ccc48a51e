import MCPWire
import NIOCore

/// Lists the tools of one upstream, whole.
struct ToolListing: Sendable {
    let session: any UpstreamSession
    let lane: Lane
    let deadline: NIODeadline

    /// The bytes of all definitions of one upstream.
    static let maximumBytes = 16 * 1024 * 1024

    /// All tools in the upstream's own order; nil when it knows no such session.
    func tools() async throws(UpstreamFailure) -> [ToolDefinition]? {
        let walk = PageWalk(
            session: session, lane: lane, deadline: deadline, method: Method.toolsList, maximumBytes: Self.maximumBytes)
        return try await walk.items { answer throws(UpstreamFailure) in
            if case .error(let code) = answer.kind {
                // An upstream that says it has no tools may answer so.
                guard session.terms.capabilities.contains(.tools) else { return nil }
                throw .broken(reason: "answered with error \(code)")
            }
            guard let page = try? ToolPage(answer) else { throw .broken(reason: "unreadable list of tools") }
            return PageWalk.Page(items: page.tools, bytes: page.tools.reduce(0) { $0 + $1.bytes.count }, next: page.nextCursor)
        }
    }
}
