/// A table for people: columns under their names, as wide as they need to be.
struct TextTable {
    let head: [String]
    /// Columns that end at their right edge.
    var numbers: Set<Int> = []
    var rows: [[String]] = []

    /// One line each; nothing where there is no row.
    var text: String {
        guard !rows.isEmpty else { return "" }
        let lines = [head] + rows
        let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { row in
            let cells = row.enumerated().map { column, cell in
                numbers.contains(column)
                    ? String(repeating: " ", count: widths[column] - cell.count) + cell : padded(cell, widths[column])
            }
            return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed()) + "\n"
        }.joined()
    }

    /// The time of day, in UTC, of these unix milliseconds; with the day where that is another than `now`'s.
    static func time(_ ms: Int64, now: Int64 = .unixNow) -> String {
        let text = DateText.text(ms)
        return text.prefix(10) == DateText.text(now).prefix(10) ? String(text.dropFirst(11)) : text
    }
}
