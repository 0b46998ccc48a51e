import Foundation
import Governance

extension Int64 {
    /// These unix milliseconds in RFC 3339, in UTC and to the millisecond.
    var instant: String {
        let (seconds, rest) = Swift.max(0, self).quotientAndRemainder(dividingBy: 1000)
        let text = Date(timeIntervalSince1970: Double(seconds)).ISO8601Format()
        return "\(text.dropLast()).\(String(rest + 1000).dropFirst())Z"
    }
}

extension Credits {
    /// For JSON: a number of at most six digits behind the point.
    var decimal: Decimal { Decimal(micros) / Decimal(Credits.scale) }
}
