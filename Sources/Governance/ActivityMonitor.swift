/// What happened within one minute.
package struct ActivityMinute: Sendable, Hashable {
    /// Unix milliseconds of its begin.
    package let begin: Int64
    /// Calls that were sent upstream, those of them that failed, those that were not made, those that were made though a limit says no.
    package let calls, errors, refused, unenforced: Int64
    package let credits: Credits
    package let latencies: LatencyHistogram

    package init(
        begin: Int64, calls: Int64 = 0, errors: Int64 = 0, refused: Int64 = 0, unenforced: Int64 = 0, credits: Credits = .zero,
        latencies: LatencyHistogram = LatencyHistogram()
    ) {
        self.begin = begin
        self.calls = calls
        self.errors = errors
        self.refused = refused
        self.unenforced = unenforced
        self.credits = credits
        self.latencies = latencies
    }
}

/// A token that calls were made with.
package struct TokenActivity: Sendable, Hashable {
    package let token: TokenID
    package let label: String?
    package let budget: BudgetName?
    /// The ids of all that it comes from, the oldest first.
    package let ancestors: [TokenID]
    /// Unix milliseconds.
    package let expires, firstSeen, lastSeen: Int64
    package let calls: Int64
    package let credits: Credits

    package init(
        token: TokenID, label: String?, budget: BudgetName?, ancestors: [TokenID], expires: Int64, firstSeen: Int64, lastSeen: Int64,
        calls: Int64, credits: Credits
    ) {
        self.token = token
        self.label = label
        self.budget = budget
        self.ancestors = ancestors
        self.expires = expires
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.calls = calls
        self.credits = credits
    }
}

/// Where a list of tokens goes on: behind this one.
package struct TokenCursor: Sendable, Hashable {
    /// Unix milliseconds at which it expires.
    package let expires: Int64
    package let token: TokenID

    package init(expires: Int64, token: TokenID) {
        self.expires = expires
        self.token = token
    }
}

/// What the nodes have counted together, about a second ago: for show, no money hangs on it.
package protocol ActivityMonitor: Sendable {
    /// The last `count` minutes up to the running one, oldest first, of one tenant or of all.
    func minutes(_ count: Int, of tenant: TenantName?) async throws(StoreError) -> [ActivityMinute]
    /// Tokens that were seen and have not expired, those that expire soonest first, at most `limit`.
    func tokens(of tenant: TenantName, after cursor: TokenCursor?, limit: Int) async throws(StoreError) -> [TokenActivity]
    /// What each account spends in an hour at the rate of the last ten minutes; those that spent nothing are not there.
    func burnPerHour(of tenant: TenantName) async throws(StoreError) -> [AccountName: Credits]
}

/// Where nodes write what they have counted.
package protocol ActivityLog: Sendable {
    /// Adds what this node has counted of each tenant; answers what was surely not written, to be handed in again. What may have been
    /// written is not: it would count twice.
    func add(_ tallies: [TenantName: ActivityTally], of node: NodeID) async -> [TenantName: ActivityTally]
}
