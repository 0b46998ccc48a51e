import HTTPWire

/// What messages a response's body holds, as its first `Content-Type` says, whatever its parameters.
enum BodyType {
    /// One message.
    case document
    case events

    /// Nil for any other type, or none.
    init?(_ headers: HeaderBlock) {
        guard let place = headers.place(of: .contentType) else { return nil }
        let type = headers.bytes.withUnsafeBytes { bytes -> BodyType? in
            let value = UnsafeRawBufferPointer(rebasing: bytes[place])
            if Self.isMediaType(value, "application/json") { return .document }
            return Self.isMediaType(value, "text/event-stream") ? .events : nil
        }
        guard let type else { return nil }
        self = type
    }

    private static func isMediaType(_ value: UnsafeRawBufferPointer, _ type: StaticString) -> Bool {
        let wanted = UnsafeRawBufferPointer(start: type.utf8Start, count: type.utf8CodeUnitCount)
        guard value.count >= wanted.count, zip(value, wanted).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else { return false }
        guard value.count > wanted.count else { return true }
        let next = value[wanted.count]
        return next == UInt8(ascii: ";") || next == UInt8(ascii: " ") || next == UInt8(ascii: "\t")
    }
}
