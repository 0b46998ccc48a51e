/// Calls that wait for their agent: the upstream has asked for input, and the agent answers with another request, at any node.
///
/// Both operations are idempotent: repeated they change nothing more and answer as the first time.
package protocol Rounds: Sendable {
    /// Lets the call wait for its agent `life` ms from now, its hold, if it has one, as long.
    func park(_ round: Round, life: Int64) async throws(StoreError) -> Parking
    /// Takes the call up again, once; its hold's lease ends `lease` ms from now. `taker` names who does it.
    func take(_ round: Round, by taker: CallID, of lineage: [TokenID], lease: Int64) async throws(StoreError) -> Taking
}

/// One round of a call: what its agent may answer once.
package struct Round: Sendable, Hashable {
    /// The most rounds that a call may have.
    package static let most = 10

    package let call: CallID
    package let tenant: TenantName
    /// From 1 on.
    package let number: Int
    /// The call has a hold, which must be open.
    package let isHeld: Bool
    /// The call's record, which stands as long as the call waits.
    package let record: RecordName?

    package init(call: CallID, tenant: TenantName, number: Int, isHeld: Bool, record: RecordName? = nil) {
        self.record = record
        self.call = call
        self.tenant = tenant
        self.number = number
        self.isHeld = isHeld
    }
}

/// What came of letting a call wait.
package enum Parking: String, Sendable, Hashable, CaseIterable {
    case parked
    /// Its hold has ended.
    case ended
}

/// What came of taking a call up again.
package enum Taking: String, Sendable, Hashable, CaseIterable {
    case taken
    /// Another has taken this round.
    case used
    /// It waits no more: its time is over, or its hold has ended.
    case expired
    /// The token was revoked; the round stays as it was.
    case revoked
}
