/// What a reader makes of some bytes.
package struct Reading: Equatable {
    /// One message, as far as it was told.
    package struct Message: Equatable {
        /// Method, target and version, or the status.
        package var start: String
        /// The field lines: name, `: `, value without blanks at its ends, line feed.
        package var fields: [UInt8] = []
        /// The connection may be used after it.
        package var keepsAlive: Bool
        package var body: [UInt8] = []
        /// Its end was told.
        package var isWhole = false

        /// The field lines one by one.
        package var lines: [String] {
            String(decoding: fields, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
        }

        /// Adds a field; what is no UTF-8 is replaced, as NIO does.
        mutating func add(_ name: some Collection<UInt8>, _ value: some Collection<UInt8>) {
            let from = fields.count
            fields += name
            fields += [UInt8(ascii: ":"), UInt8(ascii: " ")]
            fields += value
            // llhttp leaves the blanks behind a value to others.
            while let last = fields.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t"), fields.count > from + name.count + 2 {
                fields.removeLast()
            }
            fields.append(UInt8(ascii: "\n"))
            if fields[from...].contains(where: { $0 > 0x7F }) {
                fields = fields[..<from] + Array(String(decoding: fields[from...], as: UTF8.self).utf8)
            }
        }
    }

    package var messages: [Message] = []
    /// Why the rest was refused; nil where it was not.
    package var failure: String?

    /// The starts and bodies of those that came whole, for short tables.
    package var wholes: [String] { messages.filter(\.isWhole).map { "\($0.start) \(String(decoding: $0.body, as: UTF8.self))" } }

    /// Nothing behind a message that ends its connection is read.
    var isOver: Bool { messages.last.map { $0.isWhole && !$0.keepsAlive } ?? false }

    mutating func add(_ bytes: some Sequence<UInt8>) { messages[messages.count - 1].body += bytes }
    mutating func end() { messages[messages.count - 1].isWhole = true }
}
