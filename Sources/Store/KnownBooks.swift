import Governance
import Synchronization

/// The latest that this node has seen of accounts' books, of so many accounts as it may remember: the least recently used are forgotten.
final class KnownBooks: Sendable {
    /// What was seen of one account's books.
    struct Version: Sendable, Hashable {
        let epoch: String
        var version: Int64
        /// When it was seen last, unix milliseconds.
        var time: Int64
        /// Some of the calls that were seen to be settled in it lately, oldest first.
        var settled: [SettledCall] = []
    }

    /// A call that was charged, and when that was seen, unix milliseconds.
    struct SettledCall: Sendable, Hashable {
        let call: CallID
        /// What it was reserved from; nil: it had a hold of its own.
        let slice: CallID?
        let time: Int64
    }

    /// Of the settled calls of an account the newest so many are remembered, of those that come closer than `pace` milliseconds the first.
    ///
    /// That is long enough for a node that finds another master to ask it for some that the old one had, and short enough not to miss those.
    private static let settledCalls = 32
    private static let pace: Int64 = 50

    /// An account of a tenant.
    struct Key: Sendable, Hashable {
        let tenant: TenantName
        let account: AccountName
    }

    private let books: Mutex<RecentlyUsed<Key, Version>>

    private let remembers: Bool

    /// A capacity of 0 remembers nothing.
    init(capacity: Int) {
        remembers = capacity > 0
        books = Mutex(RecentlyUsed(capacity: capacity))
    }

    /// What was seen of the account last; nil where nothing was, or that is forgotten.
    func version(of account: AccountName, tenant: TenantName) -> Version? {
        books.withLock { $0.value(for: Key(tenant: tenant, account: account)) }
    }

    /// Takes in `text`, epoch and version of each of `accounts` in their order, parted by spaces, as seen at `time`; what is none says
    /// nothing.
    func learn(_ text: [UInt8], of accounts: [ChargedAccount], tenant: TenantName, at time: Int64) {
        guard remembers, !text.isEmpty else { return }
        var rest = text[...]
        for account in accounts {
            guard let epoch = Self.word(&rest), let version = Self.word(&rest).flatMap(Self.number) else { return }
            guard epoch.count == 32, epoch.allSatisfy(Self.isDigit) else { continue }
            let key = Key(tenant: tenant, account: account.name)
            books.withLock { books in
                let isKnown = books.update(key) { known in
                    guard known.epoch.utf8.elementsEqual(epoch) else { return false }
                    known.version = max(known.version, version)
                    known.time = time
                    return true
                }
                if !isKnown { books.insert(Version(epoch: String(decoding: epoch, as: UTF8.self), version: version, time: time), for: key) }
            }
        }
    }

    /// Takes in that the call was seen, at `time`, to be settled in the accounts.
    func learn(_ call: CallID, of slice: CallID? = nil, settledIn accounts: [ChargedAccount], tenant: TenantName, at time: Int64) {
        guard remembers else { return }
        books.withLock { books in
            for account in accounts {
                _ = books.update(Key(tenant: tenant, account: account.name)) { known in
                    if let last = known.settled.last, time < last.time + Self.pace { return false }
                    if known.settled.count >= Self.settledCalls { known.settled.removeFirst() }
                    known.settled.append(SettledCall(call: call, slice: slice, time: time))
                    return true
                }
            }
        }
    }

    /// Forgets the account.
    func forget(_ account: AccountName, tenant: TenantName) {
        books.withLock { $0.remove(Key(tenant: tenant, account: account)) }
    }

    /// All that was seen at `time` or later.
    func seen(since time: Int64) -> [(key: Key, value: Version)] { books.withLock { $0.all }.filter { $0.value.time >= time } }

    private static func word(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        let end = rest.firstIndex(of: UInt8(ascii: " ")) ?? rest.endIndex
        let word = rest[rest.startIndex..<end]
        rest = rest[min(end + 1, rest.endIndex)...]
        return word
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard (1...16).contains(digits.count) else { return nil }
        var number: Int64 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return number
    }

    /// Lower-case hex.
    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}
