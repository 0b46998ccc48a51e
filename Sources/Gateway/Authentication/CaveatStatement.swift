import Governance
import Macaroons

/// What one caveat says, read by the gateway's grammar: `key = value`, split at the first ` = `.
enum CaveatStatement: Sendable, Hashable {
    case tenant(TenantName)
    /// Unix milliseconds; valid strictly before.
    case expires(Int64)
    case scope(Scope.Clause)
    case budget(BudgetName)
    /// The root key's seal over the chain before it.
    case seal(Digest)
    case limit(Credits)
    case delegationDepth(Int)
    case delegationBudget(Credits)
    /// What the token was delegated from: ids of tokens and of what they are made of, at most `mostParents`.
    case parents([TokenID])
    case label(String)

    /// Reads a caveat; whatever is not exactly one of these is refused.
    init(_ caveat: [UInt8]) throws(AuthenticationError.Reason) {
        guard String(validating: caveat, as: UTF8.self) != nil, !Self.hasControl(caveat) else { throw .caveatNotText }
        guard let (key, value) = Self.split(caveat) else { throw .unknownCaveat }
        let statement: CaveatStatement? =
            switch key {
            case "tenant_id": TenantName(value).map(Self.tenant)
            case "expires": Timestamp.milliseconds(value).map(Self.expires)
            case "scope": Scope.Clause(value).map(Self.scope)
            case "budget_id": BudgetName(value).map(Self.budget)
            case "budget_bind": Digest(hex: value.utf8).map(Self.seal)
            case "budget_limit": Credits(decimal: value).map(Self.limit)
            case "delegation_depth": Self.depth(value).map(Self.delegationDepth)
            case "delegation_budget": Credits(decimal: value).map(Self.delegationBudget)
            case "parent": Self.parents(value)
            case "label": value.isEmpty ? nil : .label(value)
            default: throw .unknownCaveat
            }
        guard let statement else { throw .unreadableCaveat }
        self = statement
    }

    /// Cuts at ASCII bytes, so that both halves of well-formed UTF-8 are well formed.
    private static func split(_ caveat: [UInt8]) -> (key: String, value: String)? {
        let separator = Array(" = ".utf8)
        guard caveat.count >= separator.count else { return nil }
        for place in 0...(caveat.count - separator.count) where caveat[place...].starts(with: separator) {
            let value = caveat[(place + separator.count)...]
            return (String(decoding: caveat[..<place], as: UTF8.self), String(decoding: value, as: UTF8.self))
        }
        return nil
    }

    /// As many ids as a caveat holds.
    static let mostParents = 15

    /// A comma list of ids.
    private static func parents(_ value: String) -> CaveatStatement? {
        let texts = value.split(separator: ",", omittingEmptySubsequences: false)
        let ids = texts.compactMap { TokenID($0) }
        return ids.count == texts.count && ids.count <= mostParents ? .parents(ids) : nil
    }

    /// One to three digits.
    private static func depth(_ value: String) -> Int? {
        guard (1...3).contains(value.utf8.count), value.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
            return nil
        }
        return Int(value)
    }

    /// True for U+0000-001F, U+007F and U+0080-009F, which in UTF-8 are C2 80-9F.
    private static func hasControl(_ bytes: [UInt8]) -> Bool {
        var previous: UInt8 = 0
        for byte in bytes {
            if byte < 0x20 || byte == 0x7F || (previous == 0xC2 && byte < 0xA0) { return true }
            previous = byte
        }
        return false
    }
}
