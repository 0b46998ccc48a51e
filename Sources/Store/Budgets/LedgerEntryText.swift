import FoundationEssentials
import Governance

/// Reads the entries of a ledger back that the scripts wrote.
enum LedgerEntryText {
    /// The entry; nil for what is none.
    static func entry(id: String, json: [UInt8]) -> LedgerEntry? {
        guard let event = try? JSONDecoder().decode(Event.self, from: Data(json)) else { return nil }
        var books: [LedgerEntry.Books] = []
        for account in event.data.accounts ?? [] {
            guard let read = account.books else { return nil }
            books.append(read)
        }
        guard let effect = effect(of: event) else { return nil }
        return LedgerEntry(
            id: id, number: event.seq, kind: event.type, effect: effect, effects: effects(on: event, effect), books: books)
    }

    /// What the entry does to a child account, where it is of a delegation.
    private static func effects(on event: Event, _ effect: LedgerEntry.Effect) -> [AccountName: LedgerEntry.Effect] {
        guard case .delegated(let amount) = effect, let child = event.data.childBudgetId.flatMap({ AccountName($0) }) else { return [:] }
        return [child: event.type == "delegation_return" ? .ended(returning: -amount) : .made(limit: amount)]
    }

    /// What the entry does; nil where it lacks what it must say.
    private static func effect(of event: Event) -> LedgerEntry.Effect? {
        let data = event.data
        switch event.type {
        case "budget_spend": return data.cost.map { .spent($0.micros) }
        case "late_settle": return data.charged.map { .spent($0.micros) }
        case "budget_set":
            guard let limit = data.limit?.micros else { return nil }
            return data.previous.map { .limited(from: $0.micros, to: limit) } ?? .made(limit: limit)
        case "window_reset": return .turned(spent: data.spent?.micros, drained: data.drained?.micros)
        case "delegation": return data.amount.map { .delegated($0.micros) }
        case "delegation_return": return data.amount.map { .delegated(-$0.micros) }
        case "ledger_rollback": return data.previousEpoch.map { .resumed(from: $0) } ?? LedgerEntry.Effect.none
        default: return LedgerEntry.Effect.none
        }
    }

    private struct Event: Decodable {
        let type: String
        let seq: Int64
        let data: Details
    }

    private struct Details: Decodable {
        let accounts: [Account]?
        let cost, charged, limit, previous, spent, drained, amount: Amount?
        let previousEpoch, childBudgetId: String?
    }

    private struct Account: Decodable {
        let account, epoch: String
        let limit, available, held, spent, delegated, over: Amount
        let version: Int64

        var books: LedgerEntry.Books? {
            guard let name = AccountName(account) else { return nil }
            return LedgerEntry.Books(
                account: name, limit: limit.micros, available: available.micros, held: held.micros, spent: spent.micros,
                delegated: delegated.micros, over: over.micros, version: version, epoch: epoch)
        }
    }

    /// A JSON number of credits.
    private struct Amount: Decodable {
        let micros: Int64

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            guard let credits = Credits(decimal: try container.decode(Decimal.self).description) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an amount")
            }
            micros = credits.micros
        }
    }
}
