import Foundation

/// Instants in words.
enum DateText {
    /// These unix milliseconds in RFC 3339, in UTC and to the second.
    static func text(_ ms: Int64) -> String { Date(timeIntervalSince1970: Double(ms) / 1000).ISO8601Format() }
}
