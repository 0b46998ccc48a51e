package import Tracing

/// A place in a trace, as W3C Trace Context names it.
package struct TraceContext: Sendable, Hashable {
    /// The 128 bits of the trace's id.
    package let high, low: UInt64
    /// The id of the span.
    package let span: UInt64
    /// The trace is recorded.
    package let isSampled: Bool
    /// What other systems keep in `tracestate`, as it came.
    package let state: String?

    package init(high: UInt64, low: UInt64, span: UInt64, isSampled: Bool, state: String? = nil) {
        self.high = high
        self.low = low
        self.span = span
        self.isSampled = isSampled
        self.state = state
    }

    /// Reads a `traceparent` of version 00, or the part of a later one that all versions have; nil where it is none.
    package init?(parent: String, state: String? = nil) {
        let text = Array(parent.utf8)
        guard text.count >= 55, let version = Self.number(text[0..<2]), version != 0xff, text.count == 55 || version > 0,
            text[2] == Self.dash, text[35] == Self.dash, text[52] == Self.dash, text.count == 55 || text[55] == Self.dash,
            let high = Self.number(text[3..<19]), let low = Self.number(text[19..<35]), let span = Self.number(text[36..<52]),
            let flags = Self.number(text[53..<55]), high | low != 0, span != 0
        else { return nil }
        self.init(high: high, low: low, span: span, isSampled: flags & 1 == 1, state: state.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// As a `traceparent`.
    package var parent: String { "00-\(trace)-\(Self.hex(span))-\(isSampled ? "01" : "00")" }

    /// The trace's id in 32 hex digits.
    package var trace: String { Self.hex(high) + Self.hex(low) }

    /// In 16 hex digits.
    static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static let dash = UInt8(ascii: "-")

    /// Only lower-case digits are any.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}

extension ServiceContext {
    private enum Key: ServiceContextKey {
        typealias Value = TraceContext
    }

    /// Where spans that are started in this context belong.
    package var place: TraceContext? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
