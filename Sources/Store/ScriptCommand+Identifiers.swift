import Governance
import Redis

/// Ids are written as digits where they go, without a text ahead of that.
extension ScriptCommand {
    /// Adds the key that is `base` and the id together.
    mutating func key(_ base: borrowing KeyBase, _ id: CallID) { key(base, 32) { id.write(to: $0) } }

    /// Adds the key that is `base` and the id together.
    mutating func key(_ base: borrowing KeyBase, _ id: SessionID) { key(base, 32) { id.write(to: $0) } }

    /// Adds the id.
    mutating func argument(_ id: CallID) { argument(32) { id.write(to: $0) } }

    /// Adds the id, or nothing where there is none.
    mutating func argument(_ id: SessionID?) {
        if let id { argument(32) { id.write(to: $0) } } else { argument("") }
    }

    /// Adds the id.
    mutating func argument(_ id: TokenID) { argument(64) { id.write(to: $0) } }

    /// Adds who made the call, as members of an event.
    mutating func argument(who context: CallContext, of tenant: TenantName) {
        argument { text in
            if let session = context.session {
                text.append("\"sessionId\":\"")
                text.append(32) { session.write(to: $0) }
                text.append("\",")
            }
            text.append("\"tokenId\":\"")
            text.append(64) { context.token.write(to: $0) }
            text.append("\",\"tenantId\":\"")
            text.append(tenant.text)
            text.append("\",\"nodeId\":\"")
            text.append(context.node.text)
            text.append("\"")
        }
    }

    /// Adds what was called, as members of an event.
    mutating func argument(what context: CallContext) {
        guard EventFragments.isPlain(context.tool) else { return argument(EventFragments.what(context)) }
        argument { text in
            text.append("\"tool\":\"")
            text.append(context.tool)
            text.append("\",\"upstream\":\"")
            text.append(context.upstream.text)
            text.append("\"")
        }
    }
}
