/// How a term of a grant comes about: it is the same for all tokens of an issuer, or a claim says it.
package struct ClaimRule<Value: Sendable & Hashable>: Sendable {
    /// Nil: the same for all.
    package let claim: String?
    /// True where the claim's own text is the value, so that the issuer can name any.
    package let isOpen: Bool
    private let read: @Sendable (String) -> Value?

    /// The same for all tokens.
    package static func always(_ value: Value) -> ClaimRule { ClaimRule(claim: nil, isOpen: false) { _ in value } }

    /// The text of the claim stands for one of these.
    package static func mapped(_ claim: String, _ values: [String: Value]) -> ClaimRule {
        ClaimRule(claim: claim, isOpen: false) { values[$0] }
    }

    /// The text of the claim, read so.
    package static func stated(_ claim: String, _ read: @escaping @Sendable (String) -> Value?) -> ClaimRule {
        ClaimRule(claim: claim, isOpen: true, read: read)
    }

    /// The one value that the claims give; nil where they give none, or several.
    func value(in claims: Claims) -> Value? {
        guard let claim else { return read("") }
        let values = Set((claims[claim]?.texts ?? []).compactMap(read))
        return values.count == 1 ? values.first : nil
    }
}
