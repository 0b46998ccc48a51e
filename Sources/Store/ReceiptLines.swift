import Governance

/// Receipts as a script tells them, a line for each: its state, what was charged, and what remains or -1. Read in place, for there is one of
/// every call.
struct ReceiptLines {
    private let text: [UInt8]
    private var place = 0

    init(_ text: [UInt8]) { self.text = text }

    /// All was read.
    var isOver: Bool { place >= text.count }

    /// The next one; nil where the text goes on with none, or has ended.
    mutating func next() -> Receipt? {
        guard let state = state(), let charged = number(endingWith: UInt8(ascii: " ")), let charged = Credits(micros: charged),
            let remaining = number(endingWith: UInt8(ascii: "\n"))
        else { return nil }
        return Receipt(state: state, charged: charged, remaining: Credits(micros: remaining))
    }

    private mutating func state() -> HoldState? {
        let start = place
        guard let end = text[start...].firstIndex(of: UInt8(ascii: " ")) else { return nil }
        place = end + 1
        let word = text[start..<end]
        return word.elementsEqual(Self.usual) ? .settled : HoldState(rawValue: String(decoding: word, as: UTF8.self))
    }

    private static let usual = Array(HoldState.settled.rawValue.utf8)

    /// A whole number up to that byte, or to the end of the text.
    private mutating func number(endingWith end: UInt8) -> Int64? {
        let isNegative = place < text.count && text[place] == UInt8(ascii: "-")
        if isNegative { place += 1 }
        let start = place
        var value: Int64 = 0
        while place < text.count, text[place] != end {
            let digit = text[place] &- UInt8(ascii: "0")
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isLarger) = product.addingReportingOverflow(Int64(digit))
            guard digit <= 9, !isTooLarge, !isLarger else { return nil }
            value = sum
            place += 1
        }
        guard place > start else { return nil }
        place += 1
        return isNegative ? -value : value
    }
}
