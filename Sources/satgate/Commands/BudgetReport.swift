import Foundation
import Governance
import Store

/// An account as it is shown.
struct BudgetReport {
    let account: AccountName
    let books: Balance

    /// As JSON, amounts in credits.
    var value: DocumentValue {
        var out: [String: DocumentValue] = [
            "account": .text(account.text), "limit": .number(books.limit.description), "available": .number(books.available.description),
            "held": .number(books.held.description), "spent": .number(books.spent.description),
            "delegated": .number(books.delegated.description), "over": .number(books.over.description),
            "version": .number(String(books.version)), "epoch": .text(books.epoch), "rolledBack": .flag(books.isRolledBack),
        ]
        out["windowEnd"] = books.windowEnd.map { .text(Self.time($0)) }
        return .object(out)
    }

    /// A table with a head, one line for each account.
    static func table(_ reports: [BudgetReport]) -> String {
        let head = ["account", "limit", "available", "held", "spent", "delegated", "over", "window ends", ""]
        let rows = [head] + reports.map(\.cells)
        let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                (1...6).contains(column)
                    ? String(repeating: " ", count: widths[column] - cell.count) + cell : padded(cell, widths[column])
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
        }.joined()
    }

    private var cells: [String] {
        [account.text] + [books.limit, books.available, books.held, books.spent, books.delegated, books.over].map(\.description)
            + [books.windowEnd.map(Self.time) ?? "-", books.isRolledBack ? "rolled back" : ""]
    }

    private static func time(_ unixMilliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(unixMilliseconds) / 1000).ISO8601Format()
    }
}
