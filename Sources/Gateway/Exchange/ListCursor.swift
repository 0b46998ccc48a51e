import Macaroons

/// The opaque place in a list: the last name given out, under a MAC of the tenant's root key, so that only we can make one.
struct ListCursor {
    /// Nil where the tenant has no key, which also makes and reads no cursor.
    let root: RootKey?
    let kind: String

    private let macDigits = 32

    init(root: RootKey?, kind: String) {
        self.root = root
        self.kind = kind
    }

    /// The cursor for what comes after `name`.
    func text(after name: String) -> String? {
        mac(name).map { String(decoding: $0 + Hex.encode(Array(name.utf8)), as: UTF8.self) }
    }

    /// The name in a cursor of ours; nil for anything else.
    func name(in cursor: String) -> String? {
        let digits = Array(cursor.utf8)
        guard digits.count > macDigits, let bytes = Hex.decode(digits.dropFirst(macDigits)) else { return nil }
        guard let name = String(validating: bytes, as: UTF8.self), text(after: name) == cursor else { return nil }
        return name
    }

    private func mac(_ name: String) -> [UInt8]? {
        guard let code = try? root?.code(of: Array("satgate/cursor/v1\n\(kind)\n\(name)".utf8)) else { return nil }
        return Array(Hex.encode(code.bytes).prefix(macDigits))
    }
}
