import Macaroons

/// The opaque place in a list: the last name given out and the list's kind, under a MAC, so that only we can make one.
struct ListCursor {
    /// The same on all nodes.
    let key: [UInt8]
    let kind: String

    private let macDigits = 32

    init(key: [UInt8], kind: String) {
        self.key = key
        self.kind = kind
    }

    /// The cursor for what comes after `name`.
    func text(after name: String) -> String { mac(name) + hex(Array(name.utf8)) }

    /// The name in a cursor of ours; nil for anything else.
    func name(in cursor: String) -> String? {
        guard cursor.utf8.count > macDigits, cursor.utf8.count % 2 == 0, let bytes = bytes(hex: cursor.dropFirst(macDigits)) else { return nil }
        guard let name = String(validating: bytes, as: UTF8.self), mac(name) == cursor.prefix(macDigits) else { return nil }
        return name
    }

    private func mac(_ name: String) -> String {
        String(hex(authenticationCode(key: key, message: Array("\(kind)\n\(name)".utf8))).prefix(macDigits))
    }

    private func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private func bytes(hex text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
