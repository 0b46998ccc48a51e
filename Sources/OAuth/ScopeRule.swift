import Governance

/// What the scopes of an issuer's tokens open.
package struct ScopeRule: Sendable {
    /// A text of words parted by spaces, or a list of texts.
    package let claim: String
    /// The words of a scope here for each of the issuer's; nil: its words are words of a scope here.
    package let words: [String: [String]]?

    package init(claim: String, words: [String: [String]]?) {
        self.claim = claim
        self.words = words
    }

    /// The scopes of the token, as the issuer names them; what is no scope token (RFC 6749 §3.3) is none.
    func scopes(in claims: Claims) -> [String] {
        (claims[claim]?.texts ?? []).flatMap { $0.split(separator: " ").map(String.init) }.filter(Self.isToken)
    }

    /// What these scopes open together; nil where it is nothing.
    func scope(of scopes: [String]) -> Scope? {
        let open = scopes.flatMap { scope in words.map { $0[scope] ?? [] } ?? [scope] }
        return open.isEmpty ? nil : Scope(clauses: [Scope.Clause(words: open)])
    }

    /// The issuer's scopes that are known, in order.
    var known: [String] { words.map { $0.keys.sorted() } ?? [] }

    /// True for one or more of %x21 / %x23-5B / %x5D-7E.
    package static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }
}
