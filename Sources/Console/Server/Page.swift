import Hummingbird

/// What part of a list is asked for.
struct Page: Sendable {
    static let largest = 1000
    static let usual = 100

    let limit: Int
    /// The `next` of the page before.
    let after: String?

    /// `?limit=` and `?after=`; a problem where one is out of range.
    init(_ request: Request) throws(Problem) {
        limit = try request.whole("limit", in: 1...Self.largest) ?? Self.usual
        after = request.query("after")
    }
}

extension Request {
    /// The parameter of the query; nil where it is not given.
    func query(_ name: String) -> String? { uri.queryParameters[name[...]].map(String.init) }

    /// The same as a whole number.
    func whole(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = query(name) else { return nil }
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard isPlain, let number = Int(text), range.contains(number) else {
            throw .invalid("\(name): a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The same as what `read` makes of it.
    func query<Value>(_ name: String, _ wanted: String, _ read: (String) -> Value?) throws(Problem) -> Value? {
        guard let text = query(name) else { return nil }
        guard let value = read(text) else { throw .invalid("\(name): \(wanted)") }
        return value
    }
}
