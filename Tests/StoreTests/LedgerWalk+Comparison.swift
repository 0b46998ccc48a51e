import Fixtures
import Governance

extension LedgerWalk {
    /// Does it on both and demands the same answer.
    @discardableResult
    func both<Answer: Equatable>(_ body: (LedgerWorld) async throws -> Answer) async throws -> Answer {
        let expected = try await body(model)
        let found = try await body(redis)
        guard expected == found else { throw FixtureError("the model answers \(expected), Redis \(found)") }
        return found
    }

    func both(_ body: (LedgerWorld) async throws -> Void) async throws {
        try await body(model)
        try await body(redis)
    }

    mutating func compareBook(_ name: AccountName) async throws {
        let books = try await both { try await $0.ledger.balance(of: name, tenant: $0.tenant) }
        guard let books else { return }
        let left = books.limit.micros + books.over.micros
        let right = books.available.micros + books.held.micros + books.spent.micros + books.delegated.micros
        guard left == right else { throw FixtureError("\(name.text) does not balance: \(books)") }
        if books.over != .zero { outcomes.insert("over") }
        guard let end = books.windowEnd else { return }
        if ends[name].map({ $0 < end }) ?? false { outcomes.insert("rolled over") }
        ends[name] = end
    }

    mutating func compareBooks(_ names: some Sequence<AccountName>) async throws {
        for name in names { try await compareBook(name) }
    }

    /// What the accounts have spent is what the receipts say.
    func compareSpending() async throws {
        var spent: [AccountName: Int64] = [:]
        for (charge, charged) in receipts.values { for account in charge.accounts { spent[account.name, default: 0] += charged.micros } }
        for name in names.plain {
            let books = try await redis.ledger.balance(of: name, tenant: redis.tenant)
            guard books?.spent.micros ?? 0 == spent[name] ?? 0 else { throw FixtureError("\(name.text) spent other than its receipts say") }
        }
    }
}

/// What reserve answered, to be compared.
struct WalkAnswer: Equatable, CustomStringConvertible {
    let outcome: String
    let description: String
    var isGranted: Bool { outcome.hasPrefix("granted") }

    init(_ reservation: Reservation) {
        switch reservation {
        case .granted(let hold, let excess, let due):
            outcome = (hold == nil ? "free" : "granted") + (excess.map { ", excess \($0.kind)" } ?? "")
            description = "\(outcome), excess: \(String(describing: excess)), due: \(due)"
        case .recalled(let found):
            outcome = "recalled \(found.kind)"
            description = "recalled \(found)"
        case .refused(let refusal, let due):
            outcome = refusal.kind
            description = "\(refusal), due: \(due)"
        }
    }
}

extension ReservationRefusal {
    /// Its case, and of an ended call the state.
    var kind: String {
        switch self {
        case .sessionGone: "sessionGone"
        case .revoked: "revoked"
        case .noAccount: "noAccount"
        case .insufficient: "insufficient"
        case .ended(let state): "ended \(state)"
        case .conflict: "conflict"
        case .rateLimited: "rateLimited"
        case .rolledBack: "rolledBack"
        }
    }
}

extension Recollection {
    /// Its case, and of an ended call whether its report was kept.
    var kind: String {
        switch self {
        case .done(_, let report): report == nil ? "done without report" : "done"
        case .running: "running"
        case .asking: "asking"
        case .nothing: "nothing"
        case .conflict: "conflict"
        }
    }
}
