/// The books of all tenants. Per account and at every instant: `limit + over = available + held + spent + delegated`.
///
/// Every operation is idempotent by its call id: repeated, it changes nothing more and answers the state it finds.
package protocol Ledger: Sendable {
    /// Opens the tenant's books, the condition for any account to be made on first use. Changes nothing where they are open.
    func openBooks(of tenant: TenantName) async throws(StoreError)
    /// Holds the charge's amount in all its accounts, or in none.
    func reserve(_ charge: Charge) async throws(StoreError) -> Reservation
    /// Lets each hold's lease end `lease` ms from now; answers each one's state.
    func extend(_ holds: [CallID], of tenant: TenantName, lease: Int64) async throws(StoreError) -> [CallID: HoldState]
    /// Charges `cost` (at most the held amount; more is cut to it) and gives the rest back.
    /// After a lapse it charges min(cost, available) once.
    func settle(_ hold: Hold, cost: Credits, outcome: CallOutcome) async throws(StoreError) -> Receipt
    /// Gives the whole hold back; where no hold is, leaves a tombstone, so that a delayed reserve of this id changes nothing.
    func release(_ hold: Hold, outcome: CallOutcome) async throws(StoreError) -> HoldState
    /// Gives back whole a hold whose lease has ended; `.open` when it has not.
    func lapse(_ call: CallID, of tenant: TenantName) async throws(StoreError) -> HoldState
    /// Up to `limit` holds whose lease has ended, and whether any hold is open at all.
    func due(of tenant: TenantName, limit: Int) async throws(StoreError) -> DueHolds
    /// The account's books; nil when it does not exist.
    func balance(of account: AccountName, tenant: TenantName) async throws(StoreError) -> Balance?
}

/// An account of a tenant.
package enum AccountName: Sendable, Hashable {
    case budget(BudgetName)
    /// The cap account of the chain prefix that ends in a `budget_limit`.
    case cap(TokenID)
    /// The tenant's own cap.
    case tenant

    /// How the account is spelled in keys, events and answers.
    package var text: String {
        switch self {
        case .budget(let name): name.text
        case .cap(let prefix): "_cap.\(prefix.text)"
        case .tenant: "_tenant"
        }
    }

    /// Reads `text` back; nil where no account is spelled so.
    package init?(_ text: some StringProtocol) {
        if text == "_tenant" {
            self = .tenant
        } else if text.hasPrefix("_cap."), let prefix = TokenID(text.dropFirst(5)) {
            self = .cap(prefix)
        } else if let name = BudgetName(text) {
            self = .budget(name)
        } else {
            return nil
        }
    }
}

/// One account a call is charged to.
package struct ChargedAccount: Sendable, Hashable {
    package let name: AccountName
    /// The limit it is made with on first use; nil: it must exist.
    package let opening: Credits?
    /// Unix milliseconds after which Redis may forget it (cap accounts: token expiry + 1 day); nil: never.
    package let expires: Int64?

    package init(name: AccountName, opening: Credits? = nil, expires: Int64? = nil) {
        self.name = name
        self.opening = opening
        self.expires = expires
    }
}

/// What a call would cost at worst and where it is booked. Shared by all that end its hold.
package final class Charge: Sendable {
    package let call: CallID
    package let tenant: TenantName
    package let amount: Credits
    /// Tenant cap first, then caps outermost first, then the budget; the last is the one whose remainder the agent is told.
    /// Empty for a price of 0: nothing is held, session and revocation are still judged.
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

    package init(
        call: CallID, tenant: TenantName, amount: Credits, accounts: [ChargedAccount], session: SessionID?,
        transport: Session.Transport, renewsSession: Bool = true, lineage: [TokenID], lease: Int64, context: CallContext
    ) {
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

/// Credits put aside for one call.
package struct Hold: Sendable {
    package let charge: Charge
    package init(charge: Charge) { self.charge = charge }
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

/// What reserve answered.
package enum Reservation: Sendable {
    /// The amount is held (nil where the charge names no account). `due`: holds of the tenant whose lease has ended, at most 32.
    case granted(Hold?, due: [CallID])
    case refused(ReservationRefusal, due: [CallID])
}

/// Why nothing was held.
package enum ReservationRefusal: Sendable, Hashable {
    case sessionGone
    case revoked
    /// The account does not exist and may not be made.
    case noAccount(AccountName)
    /// `available` is less than the amount; `held` tells how much may still come back.
    case insufficient(AccountName, available: Credits, held: Credits)
    /// This call id has already ended (a delayed duplicate).
    case ended(HoldState)
}

/// Where a hold stands. All but `open` are tombstones, kept for 10 minutes; `unknown` when nothing is remembered.
package enum HoldState: String, Sendable, Hashable, CaseIterable {
    case open, settled, released, lapsed, unknown
    /// Lapsed, then charged by a settle that came late.
    case lateSettled = "late_settled"
}

/// What settle answered.
package struct Receipt: Sendable, Hashable {
    /// The state after it: `.settled`, `.lateSettled`, or what it found and left alone.
    package let state: HoldState
    /// What was charged for this call, now or by the settle that this one repeats.
    package let charged: Credits
    /// What is available in the account the agent is told about; nil where there is none.
    package let remaining: Credits?

    package init(state: HoldState, charged: Credits, remaining: Credits?) {
        self.state = state
        self.charged = charged
        self.remaining = remaining
    }
}

/// Holds to lapse.
package struct DueHolds: Sendable, Hashable {
    package let calls: [CallID]
    /// True while any hold of the tenant is open, due or not.
    package let anyOpen: Bool

    package init(calls: [CallID], anyOpen: Bool) {
        self.calls = calls
        self.anyOpen = anyOpen
    }
}

/// An account's books.
package struct Balance: Sendable, Hashable {
    package let limit: Credits
    package let held: Credits
    package let spent: Credits
    package let delegated: Credits
    /// What was charged beyond the limit.
    package let over: Credits
    /// Drawn at random when the account was made.
    package let epoch: String
    /// Rises by one with every change.
    package let version: Int64

    /// `max(0, limit − held − spent − delegated)`.
    package var available: Credits { limit.subtracting(held).subtracting(spent).subtracting(delegated) }

    package init(limit: Credits, held: Credits, spent: Credits, delegated: Credits, over: Credits, epoch: String, version: Int64) {
        self.limit = limit
        self.held = held
        self.spent = spent
        self.delegated = delegated
        self.over = over
        self.epoch = epoch
        self.version = version
    }
}
