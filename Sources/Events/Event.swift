package import Governance

/// Something that happened, as dashboards see it; in JSON the envelope
/// `{"type","timestamp","sessionId","tokenId","budgetId","tenantId","nodeId","seq","epoch","data"}`.
package struct Event: Sendable, Hashable {
    /// The closed set of types; events that move money are written by the ledger's scripts and never pass here.
    package enum Kind: String, Sendable, CaseIterable {
        case toolCall = "tool_call"
        case budgetExhausted = "budget_exhausted"
        case insufficientBudget = "insufficient_budget"
        case budgetError = "budget_error"
        case rateLimited = "rate_limited"
        case authFailure = "auth_failure"
        case sessionConnect = "session_connect"
        case sessionClose = "session_close"
        case sessionKeepalive = "session_keepalive"
        case upstreamUp = "upstream_up"
        case upstreamDown = "upstream_down"
        case toolsChanged = "tools_changed"
        case configRejected = "config_rejected"
        case tokenMinted = "token_minted"
        /// An operator wants another level of the nodes' logs.
        case logTurned = "log_turned"

        /// False for what is only published: a keep-alive says nothing worth keeping.
        package var isStored: Bool { self != .sessionKeepalive }
    }

    /// A value in an event's `data`.
    package enum Value: Sendable, Hashable {
        case text(String)
        case integer(Int64)
        case credits(Credits)
        case flag(Bool)
    }

    package let kind: Kind
    /// Nil where no tenant is proved: the event goes to the reserved tenant `_`.
    package let tenant: TenantName?
    package let session: SessionID?
    package let token: TokenID?
    package let budget: AccountName?
    package let node: NodeID
    /// In the order they are written.
    package let data: Fields

    /// Named values in a fixed order.
    package struct Fields: Sendable, Hashable, ExpressibleByDictionaryLiteral {
        package struct Pair: Sendable, Hashable {
            package let key: String
            package let value: Value
        }
        package let pairs: [Pair]
        package init(dictionaryLiteral elements: (String, Value)...) {
            pairs = elements.map { Pair(key: $0.0, value: $0.1) }
        }
    }

    package init(
        _ kind: Kind, tenant: TenantName?, session: SessionID? = nil, token: TokenID? = nil, budget: AccountName? = nil, node: NodeID,
        data: Fields = [:]
    ) {
        self.kind = kind
        self.tenant = tenant
        self.session = session
        self.token = token
        self.budget = budget
        self.node = node
        self.data = data
    }
}
