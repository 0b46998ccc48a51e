/// Credit of an account chain that a node has taken out of the books beforehand, to reserve calls from it by itself.
///
/// A slice is a hold of its own: it is held in every account of the chain, extended with the node's other holds, and given back whole when
/// its lease ends.
package protocol Slices: Sendable {
    /// Takes a slice; asked again for the same id, it takes no more.
    func take(_ order: SliceOrder) async throws(StoreError) -> SliceGrant
    /// Ends the calls and gives back what is not wanted any more, each once; answers in their order.
    func settle(_ endings: [SliceEnding], of tenant: TenantName) async throws(StoreError) -> [Receipt]
    /// Makes what a call was reserved of a slice a hold of its own, once, whose lease ends in as many milliseconds; answers the state of that: lapsed
    /// where the slice is.
    func detach(_ hold: Hold, lease: Int64) async throws(StoreError) -> HoldState
    /// Has all nodes give back what they have of the account and do not use.
    func recall(_ account: AccountName, of tenant: TenantName) async throws(StoreError)
}

/// A slice that a node wants.
package struct SliceOrder: Sendable {
    package let id: CallID
    package let tenant: TenantName
    /// In the order of a charge, none of them lenient.
    package let accounts: [ChargedAccount]
    package let wanted: Credits
    /// Less is not worth it.
    package let least: Credits
    /// At most this part of what is free in any account is taken: 8 is an eighth.
    package let share: Int64
    /// Milliseconds until it lapses unless extended.
    package let lease: Int64
    package let node: NodeID

    package init(
        id: CallID = CallID(), tenant: TenantName, accounts: [ChargedAccount], wanted: Credits, least: Credits, share: Int64, lease: Int64,
        node: NodeID
    ) {
        self.id = id
        self.tenant = tenant
        self.accounts = accounts
        self.wanted = wanted
        self.least = least
        self.share = share
        self.lease = lease
        self.node = node
    }
}

/// What came of an order.
package enum SliceGrant: Sendable, Hashable {
    case taken(Credits)
    /// Too little is free for a slice: each call is to be reserved by itself.
    case near
    /// A call's own reserve will tell why.
    case refused
}

/// What leaves a slice.
package enum SliceEnding: Sendable {
    /// A call that was reserved from it ends, at `cost` of the charge's amount.
    case call(Hold, cost: Credits, CallOutcome)
    /// Nobody reserves this part of it any more; `id` makes it once.
    case rest(of: CallID, [ChargedAccount], Credits, id: CallID)
}
