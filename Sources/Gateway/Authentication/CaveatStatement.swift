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
    case parent(TokenID)
    case label(String)

    /// Reads a caveat; whatever is not exactly one of these is refused.
    init(_ caveat: [UInt8]) throws(AuthenticationError.Reason) {
        guard let text = String(validating: caveat, as: UTF8.self), !Self.hasControl(caveat) else { throw .caveatNotText }
        guard let (key, value) = Self.split(text) else { throw .unknownCaveat }
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
            case "parent": TokenID(value).map(Self.parent)
            case "label": value.isEmpty ? nil : .label(String(value))
            default: throw .unknownCaveat
            }
        guard let statement else { throw .unreadableCaveat }
        self = statement
    }

    private static func split(_ text: String) -> (key: Substring, value: Substring)? {
        let bytes = text.utf8
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let rest = text[index...]
            if rest.utf8.starts(with: " = ".utf8) { return (text[..<index], text[bytes.index(index, offsetBy: 3)...]) }
            index = bytes.index(after: index)
        }
        return nil
    }

    /// One to three digits.
    private static func depth(_ value: Substring) -> Int? {
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
