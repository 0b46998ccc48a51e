import Foundation

/// What `satgate doctor` has found out in one place.
struct Finding: Encodable, Hashable {
    /// How bad it is.
    enum Grade: String, Encodable, Comparable {
        case good, warning, failure

        static func < (one: Self, other: Self) -> Bool { one.rank < other.rank }

        private var rank: Int {
            switch self {
            case .good: 0
            case .warning: 1
            case .failure: 2
            }
        }
    }

    let grade: Grade
    /// Where it was looked: `configuration`, `redis`, `keys`, `oauth`, `certificates`, `tenants`, `zones`, `upstreams`, `nodes`.
    let area: String
    /// What is so.
    let what: String
    /// Why that matters.
    let why: String?
    /// What to do.
    let fix: String?

    static func good(_ area: String, _ what: String) -> Finding { Finding(grade: .good, area: area, what: what, why: nil, fix: nil) }

    static func warning(_ area: String, _ what: String, why: String, fix: String) -> Finding {
        Finding(grade: .warning, area: area, what: what, why: why, fix: fix)
    }

    static func failure(_ area: String, _ what: String, why: String, fix: String) -> Finding {
        Finding(grade: .failure, area: area, what: what, why: why, fix: fix)
    }

    /// For people.
    var text: String {
        let mark =
            switch grade {
            case .good: "ok  "
            case .warning: "warn"
            case .failure: "FAIL"
            }
        let more = [why.map { "why: \($0)" }, fix.map { "do:  \($0)" }].compactMap { $0 }.map { "\n        \(printable($0))" }
        return "[\(mark)] \(area): \(printable(what))\(more.joined())\n"
    }

    /// A JSON array.
    static func json(_ findings: [Finding]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(findings), as: UTF8.self) + "\n"
    }
}
