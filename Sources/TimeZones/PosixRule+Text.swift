extension PosixRule {
    /// Reads the text of a rule; nil where it is none.
    init?(_ text: [UInt8]) {
        var reader = RuleReader(text[...])
        guard reader.name(), let standard = reader.time(maxHours: 24) else { return nil }
        guard !reader.isAtEnd else {
            self.init(standard: -standard, daylight: nil)
            return
        }
        guard reader.name() else { return nil }
        var offset = 3600 - standard
        if !reader.isAtEnd, reader.next != UInt8(ascii: ",") {
            guard let said = reader.time(maxHours: 24) else { return nil }
            offset = -said
        }
        // What the system's own reader takes where a rule names no days.
        if reader.isAtEnd { reader = RuleReader([UInt8](",M3.2.0,M11.1.0".utf8)[...]) }
        guard let start = reader.change(), let end = reader.change(), reader.isAtEnd else { return nil }
        self.init(standard: -standard, daylight: Daylight(offset: offset, start: start, end: end))
    }
}

/// Reads the pieces of a rule from the front of a text.
private struct RuleReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: ArraySlice<UInt8>) { rest = text }

    var isAtEnd: Bool { rest.isEmpty }
    var next: UInt8? { rest.first }

    /// Passes over a name of at least three letters, or over one in `<>`.
    mutating func name() -> Bool {
        if take("<") {
            let name = rest.prefix { $0 != UInt8(ascii: ">") }
            rest = rest[name.endIndex...]
            return name.count >= 3 && take(">")
        }
        let name = rest.prefix { ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z") }
        rest = rest[name.endIndex...]
        return name.count >= 3
    }

    /// `[+-]h[h[h]][:mm[:ss]]` as seconds.
    mutating func time(maxHours: Int64) -> Int64? {
        let sign: Int64 = take("-") ? -1 : 1
        if sign == 1 { _ = take("+") }
        guard let hours = number(0...maxHours) else { return nil }
        var seconds = hours * 3600
        for unit in [60, 1] as [Int64] where take(":") {
            guard let value = number(0...59) else { return nil }
            seconds += value * unit
        }
        return sign * seconds
    }

    /// `,day[/time]`.
    mutating func change() -> PosixRule.Change? {
        guard take(","), let day = day() else { return nil }
        guard take("/") else { return PosixRule.Change(day: day, time: 2 * 3600) }
        return time(maxHours: 167).map { PosixRule.Change(day: day, time: $0) }
    }

    private mutating func day() -> PosixRule.Day? {
        if take("J") { return number(1...365).map { .julian($0) } }
        guard take("M") else { return number(0...365).map { .ordinal($0) } }
        guard let month = number(1...12), take("."), let week = number(1...5), take("."), let day = number(0...6) else { return nil }
        return .weekday(month: month, week: week, day: day)
    }

    private mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
        let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard (1...3).contains(digits.count) else { return nil }
        rest = rest[digits.endIndex...]
        let value = digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        return range.contains(value) ? value : nil
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }
}
