import Logging
import MCPWire
import NIOCore

/// What one discovery has found of an upstream.
struct UpstreamLists: Sendable {
    let tools: [ToolDefinition]
    /// The lists that could be read, of those the upstream says it has.
    let others: [Listing: [ListedDefinition]]
}

/// Lists all that one upstream says it has, each list beside the others: only that of its tools decides whether it is up.
struct ListDiscovery: Sendable {
    let session: any UpstreamSession
    let lane: Lane
    let deadline: NIODeadline
    let logger: Logger

    /// The bytes of all definitions of a list other than that of the tools: a record with four full lists can still be kept.
    static let maximumBytes = 2 * 1024 * 1024

    /// All lists; nil when the upstream knows no such session.
    func lists() async throws(UpstreamFailure) -> UpstreamLists? {
        let found = await withTaskGroup(of: (Listing, [ListedDefinition]?).self) { group -> Result<UpstreamLists?, UpstreamFailure> in
            for listing in Listing.allCases where session.offers(listing) {
                group.addTask(executorPreference: lane.executor) { (listing, await items(of: listing)) }
            }
            defer { group.cancelAll() }
            do throws(UpstreamFailure) {
                let listing = ToolListing(session: session, lane: lane, deadline: deadline)
                guard let tools = try await listing.tools() else { return .success(nil) }
                var others: [Listing: [ListedDefinition]] = [:]
                for await (listing, items) in group { others[listing] = items }
                return .success(UpstreamLists(tools: tools, others: others))
            } catch {
                return .failure(error)
            }
        }
        return try found.get()
    }

    /// A list other than that of the tools; nil where it could not be had, which is logged.
    private func items(of listing: Listing) async -> [ListedDefinition]? {
        let walk = PageWalk(
            session: session, lane: lane, deadline: deadline, method: listing.method, maximumBytes: Self.maximumBytes)
        do throws(UpstreamFailure) {
            return try await walk.items { answer throws(UpstreamFailure) in
                // Who has resources need not have templates.
                if answer.kind == .error(code: ErrorCode.methodNotFound) { return nil }
                if case .error(let code) = answer.kind { throw .broken(reason: "answered with error \(code)") }
                guard let page = try? ListPage(answer, of: listing) else { throw .broken(reason: "unreadable") }
                return PageWalk.Page(items: page.items, bytes: page.items.reduce(0) { $0 + $1.bytes.count }, next: page.nextCursor)
            }
        } catch {
            logger.warning(
                "a list of an upstream is not to be had",
                metadata: ["server": "\(session.server ?? "-")", "list": "\(listing.method)", "reason": "\(error.reason)"])
            return nil
        }
    }
}
