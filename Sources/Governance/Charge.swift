/// What a call would cost at worst and where it is booked. Shared by all that end its hold.
package final class Charge: Sendable {
    package let call: CallID
    package let tenant: TenantName
    package let amount: Credits
    /// Tenant cap first, then caps outermost first, then the budget; the last is the one whose remainder the agent is told.
    /// Empty for a price of 0: nothing is held, session, revocation, record and rates are still judged.
    package let accounts: [ChargedAccount]
    /// Must exist.
    package let session: SessionID?
    package let transport: Session.Transport
    /// The session's life is prolonged; false where that was done lately.
    package let renewsSession: Bool
    /// Revoking any of these refuses the call.
    package let lineage: [TokenID]
    /// Milliseconds until the hold lapses unless extended.
    package let lease: Int64
    package let context: CallContext
    /// What the agent's retries of the call are known by; nil where it brought no key.
    package let record: CallRecord?
    /// Limits that the call counts for, once it is granted.
    package let rates: [RateLimit]
    /// When what it changes in the books counts as written.
    package let durability: Durability

    package init(
        call: CallID, tenant: TenantName, amount: Credits, accounts: [ChargedAccount], session: SessionID?,
        transport: Session.Transport, renewsSession: Bool = true, lineage: [TokenID], lease: Int64, context: CallContext,
        record: CallRecord? = nil, rates: [RateLimit] = [], durability: Durability = .async
    ) {
        self.durability = durability
        self.record = record
        self.rates = rates
        self.renewsSession = renewsSession
        self.call = call
        self.tenant = tenant
        self.amount = amount
        self.accounts = accounts
        self.session = session
        self.transport = transport
        self.lineage = lineage
        self.lease = lease
        self.context = context
    }
}

/// Who calls what, for the events that the ledger writes.
package struct CallContext: Sendable, Hashable {
    package let session: SessionID?
    package let token: TokenID
    /// The account whose remainder the agent is told.
    package let budget: AccountName?
    package let node: NodeID
    /// The tool as the agent named it.
    package let tool: String
    package let upstream: UpstreamName

    package init(session: SessionID?, token: TokenID, budget: AccountName?, node: NodeID, tool: String, upstream: UpstreamName) {
        self.session = session
        self.token = token
        self.budget = budget
        self.node = node
        self.tool = tool
        self.upstream = upstream
    }
}

/// Credits put aside for one call; none for a free call that has a record.
package struct Hold: Sendable {
    package let charge: Charge
    /// The slice that its credits are part of; nil: they are held for the call alone.
    package let slice: CallID?

    package init(charge: Charge, slice: CallID? = nil) {
        self.charge = charge
        self.slice = slice
    }
}

/// How a call ended, for its `tool_call` event.
package struct CallOutcome: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case ok
        /// The tool ran and reported `isError`.
        case toolError = "tool_error"
        /// The upstream answered with a JSON-RPC error.
        case upstreamError = "upstream_error"
        case timeout
        /// The call never reached the upstream.
        case notDispatched = "not_dispatched"
        /// The agent or the node gave up.
        case abandoned
    }
    package let kind: Kind
    /// Milliseconds from the agent's request to this outcome.
    package let duration: Int64

    package init(kind: Kind, duration: Int64) {
        self.kind = kind
        self.duration = duration
    }
}
