import Governance
import Redis

/// Reads a tenant's ledger entry by entry, oldest first, a page at a time.
struct LedgerReader {
    private let redis: RedisClient
    private let ledger: String
    /// Entries of one page.
    private let page: Int64
    /// Told after each page how many entries were read.
    private let onPage: @Sendable (Int) -> Void
    /// The last entry that was read.
    private(set) var position: String?
    private(set) var entries = 0

    init(redis: RedisClient, ledger: String, page: Int64, onPage: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.onPage = onPage
        self.redis = redis
        self.ledger = ledger
        self.page = page
    }

    /// Reads on to the entry `last`, to the newest one where it is nil. False where entries were dropped from the ledger that were still
    /// to be read: then all begins anew.
    mutating func advance(to last: String?, _ take: (_ id: String, _ json: [UInt8]) -> Void) async throws(StoreError) -> Bool {
        while position == nil || position != last {
            let from = position
            let reply = try await redis.command([
                "XRANGE", .text(ledger), .text(from ?? "-"), .text(last ?? "+"), "COUNT", .integer(page + 1),
            ])
            guard var rest = reply.elements?[...] else { throw .corrupt("ledger") }
            if let from {
                // What was read last must still be there: else others behind it may be gone as well.
                guard let first = rest.popFirst(), first.elements?.first?.text == from else { return false }
            }
            for entry in rest {
                guard let parts = entry.elements, parts.count == 2, let id = parts[0].text else { throw .corrupt("ledger") }
                position = id
                entries += 1
                take(id, parts[1].elements?.last?.bytes ?? [])
            }
            onPage(entries)
            if rest.count < Int(page) { return true }
        }
        return true
    }
}
