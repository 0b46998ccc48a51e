/// Writes a record's fields one after the other; `RecordReader` reads them back.
struct RecordWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// Eight bytes, the highest first.
    mutating func integer(_ value: Int64) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Its length, then the text itself.
    mutating func text(_ text: String) {
        integer(Int64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// Their number, then the bytes themselves.
    mutating func blob(_ blob: [UInt8]) {
        integer(Int64(blob.count))
        bytes.append(contentsOf: blob)
    }

    /// Whether there is one, then the value.
    mutating func optional<Value>(_ value: Value?, _ write: (inout RecordWriter, Value) -> Void) {
        flag(value != nil)
        if let value { write(&self, value) }
    }
}
