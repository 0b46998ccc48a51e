import Governance
import Redis

/// An account's books as Redis keeps them.
enum BalanceText {
    /// The fields of the account's hash that `balance` reads, in its order.
    static let fields: [RedisArgument] = [
        "limit", "held", "spent", "delegated", "over", "epoch", "version", "window", "drained", "mark",
    ]

    /// The books that the fields' values state; nil where the account does not exist, though that may have been noticed.
    static func balance(_ values: [RedisValue], of account: AccountName) throws(StoreError) -> Balance? {
        guard values.count == fields.count else { throw .corrupt("balance") }
        if values.prefix(7).allSatisfy({ $0 == .null }) { return nil }
        return try balance(words: values.map { $0.text }, of: account)
    }

    /// The books in words as the scripts show them, `-` for what an account has not.
    static func balance(shown text: Substring, of account: AccountName) throws(StoreError) -> Balance {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map { $0 == "-" ? nil : String($0) }
        guard words.count == fields.count else { throw .corrupt("balance") }
        return try balance(words: words, of: account)
    }

    private static func balance(words: [String?], of account: AccountName) throws(StoreError) -> Balance {
        let sums = words[..<5].compactMap { $0.flatMap { Int64($0) }.flatMap { Credits(micros: $0) } }
        let window = words[7].map { Int64($0) } ?? 0
        let drained = words[8].map { Int64($0).flatMap { Credits(micros: $0) } } ?? .zero
        guard sums.count == 5, let epoch = words[5], let version = words[6].flatMap({ Int64($0) }), let window, let drained else {
            throw .corrupt("account \(account.text)")
        }
        return Balance(
            limit: sums[0], held: sums[1], spent: sums[2], delegated: sums[3], over: sums[4], epoch: epoch, version: version,
            windowEnd: window > 0 ? window : nil, drained: drained, isRolledBack: words[9] != nil)
    }
}
