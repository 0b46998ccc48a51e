import Governance

/// Reads what `RecordWriter` has written; whatever else it meets is corrupt.
struct RecordReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// True when nothing is left.
    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() throws(StoreError) -> UInt8 {
        guard let byte = rest.popFirst() else { throw .corrupt("a record too short") }
        return byte
    }

    mutating func flag() throws(StoreError) -> Bool {
        switch try byte() {
        case 0: false
        case 1: true
        default: throw .corrupt("a flag in a record")
        }
    }

    mutating func integer() throws(StoreError) -> Int64 {
        try take(8).reduce(0) { $0 << 8 | Int64($1) }
    }

    mutating func text() throws(StoreError) -> String {
        guard let text = String(validating: try take(try count()), as: UTF8.self) else { throw .corrupt("a text in a record") }
        return text
    }

    mutating func blob() throws(StoreError) -> [UInt8] { Array(try take(try count())) }

    /// A number of things that take a byte each at least.
    mutating func count() throws(StoreError) -> Int {
        guard let count = Int(exactly: try integer()), 0...rest.count ~= count else { throw .corrupt("a length in a record") }
        return count
    }

    mutating func optional<Value>(
        _ read: (inout RecordReader) throws(StoreError) -> Value
    ) throws(StoreError) -> Value? {
        try flag() ? try read(&self) : nil
    }

    private mutating func take(_ count: Int) throws(StoreError) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw .corrupt("a record too short") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
