import Events
import Governance
import Redis

/// One reading of a ledger for some accounts.
struct AuditPass {
    let keys: TenantKeys
    private(set) var reader: LedgerReader
    private var replays: [AccountName: AccountReplay]
    private let span: LedgerSpan
    var holds = OpenHolds()
    var differences: [AuditDifference] = []
    /// Accounts that do not exist, and that no entry names.
    private(set) var missing: Set<AccountName> = []
    /// All accounts that are audited; nil where it does not matter who else has entries.
    private let known: Set<AccountName>?
    /// Accounts that have entries, but are not known.
    private(set) var strangers: Set<AccountName> = []
    /// What stands in each entry that names the one account that is audited; nil where there are more.
    private let needle: [UInt8]?

    init(keys: TenantKeys, reader: LedgerReader, replays: [AccountName: AccountReplay], span: LedgerSpan, known: Set<AccountName>?) {
        self.known = known
        self.keys = keys
        self.reader = reader
        self.replays = replays
        self.span = span
        needle = replays.count == 1 && known == nil ? replays.keys.first.map { Array("\"account\":\"\($0.text)\"".utf8) } : nil
    }

    /// Replays the ledger to the entry `last`, nil: to its end; false where entries were dropped meanwhile.
    mutating func read(to last: String?) async throws(StoreError) -> Bool {
        var reader = reader
        let isWhole = try await reader.advance(to: last) { id, json in take(id, json) }
        self.reader = reader
        return isWhole
    }

    private mutating func take(_ id: String, _ json: [UInt8]) {
        // Most entries are of other accounts; looking for the name is a hundredth of the work of reading.
        if let needle, !EventText.has(needle, in: json) { return }
        guard let entry = LedgerEntryText.entry(id: id, json: json) else {
            return differences.append(AuditDifference(account: nil, entry: id, what: "cannot be read"))
        }
        for books in entry.books {
            if let found = replays[books.account]?.take(entry, books) {
                differences += found
            } else if let known, !known.contains(books.account), strangers.count < 10_000 {
                strangers.insert(books.account)
            }
        }
    }

    /// Says where entries are missing that cannot have been trimmed.
    mutating func judgeLedger() {
        guard let gap = span.gap else { return }
        differences.append(AuditDifference(account: nil, what: gap))
    }

    /// Compares an account with its entries and its holds.
    mutating func judge(_ account: AccountName, _ books: Balance?, epochs: Set<Substring>) {
        if books == nil, replays[account]?.hasBegun == false { missing.insert(account) }
        let held = holds.held(in: account, epochs: epochs)
        differences += replays[account]?.end(books, held: held, isWhole: span.isWhole) ?? []
    }
}
