import MCPWire
import NIOCore

/// Asks one upstream for a list page by page, within bounds and before a deadline that really cancels.
struct PageWalk: Sendable {
    let session: any UpstreamSession
    let lane: Lane
    let deadline: NIODeadline
    /// The method that asks for a page.
    let method: String
    /// The bytes of all definitions.
    let maximumBytes: Int

    /// Pages and items beyond these mean that the list never ends.
    static let maximumPages = 100
    static let maximumItems = 10_000

    /// What was read of a page.
    struct Page<Item> {
        let items: [Item]
        let bytes: Int
        let next: String?
    }

    /// All items in the upstream's own order; nil when it knows no such session. What `read` answers nil for ends the list, as empty.
    func items<Item>(
        _ read: (Answer) throws(UpstreamFailure) -> Page<Item>?
    ) async throws(UpstreamFailure) -> [Item]? {
        var items: [Item] = []
        var bytes = 0
        var seen: Set<String> = []
        var cursor: String?
        for _ in 0..<Self.maximumPages {
            guard let exchange = try await session.send(.list(method, cursor: cursor), on: lane, before: deadline) else { return nil }
            guard case .answer(let answer)? = try await exchange.next() else { throw .broken(reason: "no answer") }
            guard let page = try read(answer) else { return [] }
            items += page.items
            bytes += page.bytes
            guard items.count <= Self.maximumItems else { throw .broken(reason: "more than \(Self.maximumItems) in \(method)") }
            guard bytes <= maximumBytes else { throw .broken(reason: "\(method) is too large") }
            guard let next = page.next else { return items }
            guard seen.insert(next).inserted else { throw .broken(reason: "a cursor repeats") }
            cursor = next
        }
        throw .broken(reason: "more than \(Self.maximumPages) pages of \(method)")
    }
}
