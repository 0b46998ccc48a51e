import JWTKit

/// What a token says (RFC 7519 §4); trusted only once a key of its issuer has proved it.
struct Claims: JWTPayload, Hashable {
    let values: [String: ClaimValue]

    init(_ values: [String: ClaimValue]) { self.values = values }

    init(from decoder: any Decoder) throws { values = try [String: ClaimValue](from: decoder) }

    func encode(to encoder: any Encoder) throws { try values.encode(to: encoder) }

    /// The claims are judged by the issuer's terms, not here.
    func verify(using algorithm: some JWTAlgorithm) {}

    /// The value of that name; where no claim has it whole, of the members that its points lead to (`realm_access.roles`).
    subscript(_ name: String) -> ClaimValue? {
        if let value = values[name] { return value }
        var value: ClaimValue? = .object(values)
        for part in name.split(separator: ".", omittingEmptySubsequences: false) {
            guard case .object(let members) = value else { return nil }
            value = members[String(part)]
        }
        return value
    }

    /// The text of a claim; nil for what is none.
    func text(_ name: String) -> String? { if case .text(let text) = values[name] { text } else { nil } }

    /// A NumericDate (RFC 7519 §2) in unix milliseconds; nil for what is none, or none of this era.
    func instant(_ name: String) -> Int64? {
        guard case .number(let seconds) = values[name], seconds >= 0, seconds < 1e11 else { return nil }
        return Int64(seconds * 1000)
    }
}
