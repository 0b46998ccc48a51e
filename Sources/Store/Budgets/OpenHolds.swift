import Governance
import Redis

/// The open holds of a tenant as they come and go: what each is of is read once, but for slices, which shrink.
struct OpenHolds {
    /// Where a hold is booked: the accounts, each in the epoch it had then.
    private struct Hold {
        let amount: Int64
        let accounts: [(name: Substring, epoch: Substring)]
        let isSlice: Bool
    }

    private var known: [String: Hold] = [:]
    /// Listed, but without an open hold when they were looked at.
    private var ended: Set<String> = []

    /// The slices among them, whose amounts are to be read at the same instant as the accounts.
    var slices: [String] { known.compactMap { $0.value.isSlice ? $0.key : nil } }

    /// Takes in which holds are open now, and how the slices stand: reads those that are new. False where one of them ended before it could
    /// be read, or is a slice, so that nobody can tell what it was of.
    mutating func learn(
        _ calls: [String], _ slices: [(String, RedisValue)], read: ([String]) async throws(StoreError) -> [RedisValue]
    ) async throws(StoreError) -> Bool {
        let open = Set(calls)
        known = known.filter { open.contains($0.key) }
        for (slice, values) in slices where open.contains(slice) { known[slice] = Self.hold(values) ?? known[slice] }
        var isNew = false
        let wanted = calls.filter { known[$0] == nil }
        var lost: Set<String> = []
        for start in stride(from: 0, to: wanted.count, by: 500) {
            let batch = Array(wanted[start..<min(start + 500, wanted.count)])
            for (call, values) in zip(batch, try await read(batch)) {
                guard let hold = Self.hold(values) else {
                    lost.insert(call)
                    continue
                }
                known[call] = hold
                isNew = isNew || hold.isSlice
            }
        }
        // One that is listed still, though it had ended the last time already, is no hold.
        let isComplete = lost.isSubset(of: ended) && !isNew
        ended = lost
        return isComplete
    }

    /// The sum held in the account by holds of one of these epochs.
    func held(in account: AccountName, epochs: Set<Substring>) -> Int64 {
        known.values.reduce(0) { sum, hold in
            sum + (hold.accounts.contains { $0.name == account.text && epochs.contains($0.epoch) } ? hold.amount : 0)
        }
    }

    /// The fields of a hold's hash that are read.
    static let fields: [RedisArgument] = ["amount", "accounts", "epochs", "slice"]

    private static func hold(_ values: RedisValue) -> Hold? {
        guard let values = values.elements, values.count == 4, let amount = values[0].number, let names = values[1].text else { return nil }
        let epochs = (values[2].text ?? "").split(separator: " ")
        return Hold(amount: amount, accounts: Array(zip(names.split(separator: " "), epochs)), isSlice: values[3].text != nil)
    }
}
