import Governance
import Redis

/// What Redis knows of entries that a ledger no longer has.
struct LedgerSpan {
    /// None was ever removed.
    let isWhole: Bool
    /// Why some are missing that cannot have been trimmed; trimming takes the oldest only.
    let gap: String?

    init(redis: RedisClient, ledger: String) async throws(StoreError) {
        guard try await redis.command(["EXISTS", .text(ledger)]).number == 1 else {
            (isWhole, gap) = (true, nil)
            return
        }
        let reply = try await redis.command(["XINFO", "STREAM", .text(ledger)])
        guard let words = reply.elements else { throw .corrupt("ledger") }
        var values: [String: RedisValue] = [:]
        for at in stride(from: 0, to: words.count - 1, by: 2) { values[words[at].text ?? ""] = words[at + 1] }
        let deleted = values["max-deleted-entry-id"]?.text ?? "0-0"
        let first = values["first-entry"]?.elements?.first?.text
        isWhole = values["entries-added"]?.number == values["length"]?.number
        let isInside = first.map { Self.number($0) < Self.number(deleted) } ?? false
        gap = isInside ? "entry \(deleted) was deleted, though older ones are there" : nil
    }

    /// The number of an entry's id.
    private static func number(_ id: String) -> UInt64 { id.split(separator: "-").first.flatMap { UInt64($0) } ?? 0 }
}
