/// What the retries of one call are known by: the record of an agent's idempotency key.
package struct CallRecord: Sendable, Hashable {
    package let name: RecordName
    /// Of what was asked: 64 hex digits. Under one key it must always be the same.
    package let fingerprint: String
    /// The call that was found running and may be taken over before its lease ends; nil: only one that has ended.
    package let supplants: CallID?

    package init(name: RecordName, fingerprint: String, supplants: CallID? = nil) {
        self.name = name
        self.fingerprint = fingerprint
        self.supplants = supplants
    }
}

/// The name of a record: SHA-256(token id, the agent's key), 64 lower-case hex digits.
package struct RecordName: Sendable, Hashable {
    package let text: String

    /// Nil unless the text is 64 lower-case hex digits.
    package init?(_ text: some StringProtocol) {
        guard let id = TokenID(text) else { return nil }
        self.text = id.text
    }
}

/// What is known of a call under its key.
package enum Recollection: Sendable, Hashable {
    /// It has ended, and this is what came of it; `report` is nil where it was too large to keep.
    case done(charged: Credits, report: [UInt8]?)
    /// It runs as `call` at `node`, which tells when it ends; whoever asked is noted to be told.
    case running(call: CallID, node: NodeID)
    /// It waits for its agent, who was told this.
    case asking([UInt8])
    /// Nothing is known: it never was, or it did not run.
    case nothing
    /// The key stands for another call.
    case conflict
}

/// What was recorded under agents' keys.
package protocol CallRecords: Sendable {
    /// What is known of the call; `waiter` is told when a running one ends.
    func recall(_ record: CallRecord, of tenant: TenantName, waiter: NodeID) async throws(StoreError) -> Recollection
    /// Notes what the agent was told that the call waits for; nil: it goes on. False where the record is another call's by now.
    @discardableResult
    func note(_ asked: [UInt8]?, of call: CallID, in record: RecordName, of tenant: TenantName) async throws(StoreError) -> Bool
}
