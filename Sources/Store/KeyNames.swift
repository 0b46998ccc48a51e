package import Governance
import Redis

/// The names of everything kept in Redis: the only place where a key or a channel is spelled.
///
/// Every key of a tenant carries the hash tag `{tenant}`; the names inside are validated, so none can forge a tag or a glob.
package struct KeyNames: Sendable, Hashable {
    package let prefix: String
    /// False: events are kept in their streams only, and nothing is published to their channels.
    package var publishesEvents = true

    /// Under `satgate:`.
    package static let standard = KeyNames(unchecked: "satgate:")

    private init(unchecked prefix: String) { self.prefix = prefix }

    /// Nil unless the prefix is at most 64 letters, digits and `:._-`.
    package init?(prefix: String) {
        let isPlain = prefix.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard isPlain, prefix.utf8.count <= 64 else { return nil }
        self.prefix = prefix
    }

    /// The sorted set of living nodes by their last heartbeat.
    package var nodes: String { prefix + "nodes" }
    /// What a node says of itself, forgotten soon after it is silent.
    package func facts(of node: NodeID) -> String { prefix + "nodes:" + node.text }
    /// The set of the tenants' names.
    package var tenants: String { prefix + "tenants" }
    /// The stream of events of no proved tenant.
    package var audit: String { prefix + "audit" }
    /// Hash of what happened at all tenants within one minute, by its number since 1970.
    package func minute(_ number: Int64) -> String { prefix + "minute:\(number)" }
    /// The channel that tells nodes to drop something they remember.
    package var control: String { prefix + "control" }
    /// The channel of what is meant for one node.
    package func node(_ id: NodeID) -> String { prefix + "node:" + id.text }
    /// The channel of a tenant's events; the reserved tenant `_` stands for none.
    ///
    /// Empty, which scripts take for none, where nothing is published.
    package func events(of tenant: TenantName?) -> String { publishesEvents ? prefix + "events:" + (tenant?.text ?? "_") : "" }
    /// The pattern of the channels of all tenants' events, as of PSUBSCRIBE.
    package var allEvents: String { prefix + "events:*" }
    /// The names of one tenant.
    package func keys(of tenant: TenantName) -> TenantKeys { TenantKeys(tenant, in: self) }
}

/// The names of one tenant; those that do not change from call to call are made once.
package final class TenantKeys: Sendable {
    /// What the names of holds, accounts, sessions, their principals, dialogues, ears, outboxes, waiting calls, records, rates and
    /// requests, tokens and minutes begin with.
    let holdBase, accountBase, sessionBase, principalBase, dialogueBase, earBase, outboxBase, parkedBase, recordBase, rateBase,
        requestBase, answeringBase, tokenBase, minuteBase: KeyBase
    /// The keys behind that of its hold with which a call is reserved: open holds, revoked tokens, sessions, the books' head, audit and ledger.
    let reserving: KeyRun
    /// Those with which a hold ends: open holds, the books' head, audit and ledger.
    let ending: KeyRun
    /// Hash of an open or ended hold.
    package func hold(_ call: CallID) -> String { holdBase.text + call.text }
    /// Hash of an account's books.
    package func account(_ name: AccountName) -> String { accountBase.text + name.text }
    /// Hash of what was answered to a request about the books.
    package func request(_ name: RequestName) -> String { requestBase.text + name.text }
    /// Hash of a session.
    package func session(_ id: SessionID) -> String { sessionBase.text + id.text }
    /// Hash of what is known of a token that calls were made with.
    package func token(_ id: TokenID) -> String { tokenBase.text + id.text }
    /// Hash of what happened within one minute, by its number since 1970.
    package func minute(_ number: Int64) -> String { minuteBase.text + String(number) }
    /// Set of a principal's sessions, some of which may have ended.
    package func sessions(of principal: TokenID) -> String { principalBase.text + principal.text }
    /// Hash of the upstream sessions of an agent's session, by upstream.
    package func dialogue(_ id: SessionID) -> String { dialogueBase.text + id.text }
    /// Hash of a call that waits for its agent's next round.
    package func parked(_ call: CallID) -> String { parkedBase.text + call.text }
    /// Hash of what is known of a call under its agent's key.
    package func record(_ name: RecordName) -> String { recordBase.text + name.text }
    /// When the next call of a subject would be due, were all to come at their rate: unix microseconds.
    package func rate(_ subject: String) -> String { rateBase.text + subject }
    /// Hash of the requests of a session that nodes answer which do not hold its stream.
    package func requests(of id: SessionID) -> String { answeringBase.text + id.text }
    /// Hash of the nodes that listen in the upstream sessions of an agent's session, by upstream.
    package func ears(_ id: SessionID) -> String { earBase.text + id.text }
    /// Stream of what is kept of a call's answer.
    package func outbox(_ id: SessionID, _ stream: String) -> String { outboxBase.text + id.text + ":" + stream }
    /// Hash of how that stands.
    package func outboxState(_ id: SessionID, _ stream: String) -> String { outbox(id, stream) + ":state" }
    /// Hash of the tenant's document and its version.
    package let tenant: String
    /// Sorted set of open holds by lease end.
    package let holds: String
    /// Sorted set of sessions by expiry.
    package let sessions: String
    /// Sorted set of the tokens that calls were made with, by when they expire.
    package let tokens: String
    /// Sorted set of the budgets that delegations made, by when their tokens expire.
    package let delegations: String
    /// Sorted set of revoked token ids, in the order in which they were revoked.
    package let revoked: String
    /// Sorted set of the same by when they may be forgotten.
    package let revokedEnds: String
    /// Hash of the books' epoch and the last event's number.
    package let head: String
    /// Stream of the events that move money.
    package let ledger: String
    /// Stream of all other events.
    package let audit: String
    /// Sorted set of the reports that records keep, by when they are forgotten.
    package let reports: String
    /// Bytes of all of them.
    package let reportsSize: String
    /// Hash of what is known of the tenant's upstreams, and of who looks after them.
    package let catalogue: String
    /// Sorted set of the sessions that have upstream sessions, by when to look whether they have expired.
    package let dialogues: String
    /// Hash of the number of upstream sessions, by upstream.
    package let dialogueCounts: String
    /// The channel of the tenant's events.
    package let events: String

    /// Whose names they are.
    let owner: TenantName

    fileprivate init(_ tenant: TenantName, in names: KeyNames) {
        owner = tenant
        let keys = KeyBase(names.prefix, tag: tenant.text, ":")
        let base = keys.text
        holdBase = keys + "hold:"
        accountBase = keys + "account:"
        requestBase = keys + "request:"
        sessionBase = keys + "session:"
        principalBase = keys + "principal:"
        outboxBase = keys + "outbox:"
        dialogueBase = keys + "dialogue:"
        parkedBase = keys + "parked:"
        earBase = keys + "ears:"
        answeringBase = keys + "inflight:"
        recordBase = keys + "call:"
        rateBase = keys + "rate:"
        tokenBase = keys + "token:"
        minuteBase = keys + "minute:"
        reserving = KeyRun(keys, ["holds", "revoked", "sessions", "ledger:head", "audit", "ledger"])
        ending = KeyRun(keys, ["holds", "ledger:head", "audit", "ledger"])
        self.tenant = base + "tenant"
        holds = base + "holds"
        sessions = base + "sessions"
        tokens = base + "tokens"
        delegations = base + "delegations"
        revoked = base + "revoked"
        revokedEnds = base + "revoked:ends"
        head = base + "ledger:head"
        ledger = base + "ledger"
        audit = base + "audit"
        reports = base + "reports"
        reportsSize = base + "reports:bytes"
        catalogue = base + "catalogue"
        dialogues = base + "dialogues"
        dialogueCounts = base + "dialogues:count"
        events = names.events(of: tenant)
    }
}
