/// A text of a tenant's document that may refer to secrets of the node: `Bearer ${env:NAME}`, `${file:/run/secrets/token}`.
///
/// It is kept and printed as it was written; only a node that needs the value puts it in, and never passes it on.
package struct Template: Sendable, Hashable, CustomStringConvertible {
    /// One piece of the text.
    package enum Part: Sendable, Hashable {
        case literal(String)
        /// A variable of the node's environment.
        case environment(String)
        /// A file on the node, whose text counts without the newlines at its end.
        case file(String)
    }

    /// As it was written.
    package let source: String
    package let parts: [Part]

    /// Text that refers to nothing, whatever characters it has.
    package init(literal: String) {
        source = literal
        parts = [.literal(literal)]
    }

    /// Reads `${env:NAME}` and `${file:PATH}`; nil where a `${` is not closed or names neither.
    package init?(_ source: String) {
        var parts: [Part] = []
        var literal = ""
        var rest = source[...]
        while let next = rest.popFirst() {
            guard next == "$", rest.first == "{" else {
                literal.append(next)
                continue
            }
            guard let close = rest.firstIndex(of: "}") else { return nil }
            guard let reference = Self.reference(rest[rest.index(after: rest.startIndex)..<close]) else { return nil }
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = ""
            parts.append(reference)
            rest = rest[rest.index(after: close)...]
        }
        if !literal.isEmpty || parts.isEmpty { parts.append(.literal(literal)) }
        self.source = source
        self.parts = parts
    }

    /// True where it refers to no secret.
    package var isLiteral: Bool {
        parts.allSatisfy { part in if case .literal = part { true } else { false } }
    }

    package var description: String { source }

    private static func reference(_ text: Substring) -> Part? {
        if text.hasPrefix("env:"), text.utf8.count > 4 { return .environment(String(text.dropFirst(4))) }
        if text.hasPrefix("file:"), text.utf8.count > 5 { return .file(String(text.dropFirst(5))) }
        return nil
    }
}
