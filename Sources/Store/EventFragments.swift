import Events
import Governance
import MCPWire

/// Parts of an event's JSON that Swift knows; time, number and epoch are put in by the script that writes it.
enum EventFragments {
    /// `"sessionId":"…","tokenId":"…","budgetId":"…","tenantId":"…","nodeId":"…"`, without what is nil.
    static func who(session: SessionID?, token: TokenID?, budget: AccountName? = nil, tenant: TenantName?, node: NodeID?) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(256)
        func member(_ key: StaticString, _ text: String) {
            key.withUTF8Buffer { out.append(contentsOf: $0) }
            out.append(contentsOf: text.utf8)
            out.append(UInt8(ascii: "\""))
            out.append(UInt8(ascii: ","))
        }
        if let session { member("\"sessionId\":\"", session.text) }
        if let token { member("\"tokenId\":\"", token.text) }
        if let budget { member("\"budgetId\":\"", budget.text) }
        if let tenant { member("\"tenantId\":\"", tenant.text) }
        if let node { member("\"nodeId\":\"", node.text) }
        if !out.isEmpty { out.removeLast() }
        return out
    }

    /// `"tool":"…","upstream":"…"`.
    static func what(_ context: CallContext) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(64 + context.tool.utf8.count)
        out.append(contentsOf: "\"tool\":".utf8)
        JSONText.append(string: context.tool, to: &out)
        out.append(contentsOf: ",\"upstream\":\"".utf8)
        out.append(contentsOf: context.upstream.text.utf8)
        out.append(UInt8(ascii: "\""))
        return out
    }

    /// True for a text that is itself between quotes: printable ASCII without quote and backslash.
    static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    /// The members of an event's `data`.
    static func data(_ fields: Event.Fields) -> [UInt8] {
        var out: [UInt8] = []
        for field in fields.pairs {
            if !out.isEmpty { out.append(UInt8(ascii: ",")) }
            JSONText.append(string: field.key, to: &out)
            out.append(UInt8(ascii: ":"))
            switch field.value {
            case .text(let text): JSONText.append(string: text, to: &out)
            case .integer(let number): out.append(contentsOf: String(number).utf8)
            case .credits(let credits): out.append(contentsOf: credits.description.utf8)
            case .flag(let flag): out.append(contentsOf: (flag ? "true" : "false").utf8)
            }
        }
        return out
    }
}
