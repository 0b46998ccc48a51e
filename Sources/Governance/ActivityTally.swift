/// What one node counted of a tenant's calls within about a second. It is for show: no money hangs on it.
package struct ActivityTally: Sendable {
    /// Calls and what they cost.
    package struct Spending: Sendable, Hashable {
        package var calls: Int64
        package var credits: Credits

        package init(calls: Int64 = 0, credits: Credits = .zero) {
            self.calls = calls
            self.credits = credits
        }

        mutating func add(_ other: Spending) {
            calls += other.calls
            credits = credits.adding(other.credits) ?? credits
        }
    }

    /// As many accounts of a tenant are told apart in a minute.
    package static let mostAccounts = 256
    /// As many sessions and tokens are kept while they cannot be written.
    private static let most = 20_000

    /// Calls that were sent upstream.
    package var calls: Int64 = 0
    /// Those of them that brought no result, or one of a tool that says that it failed.
    package var errors: Int64 = 0
    /// Calls that were not made.
    package var refused: Int64 = 0
    /// Calls that were made though a limit says no, for it is not enforced.
    package var unenforced: Int64 = 0
    package var credits = Credits.zero
    package var latencies = LatencyHistogram()
    package private(set) var sessions: [SessionID: Spending] = [:]
    package private(set) var tokens: [TokenID: (grant: Grant, spending: Spending)] = [:]
    package private(set) var accounts: [AccountName: Credits] = [:]

    package init() {}

    /// Counts a call that its node made, and that took so many nanoseconds.
    package mutating func add(
        call duration: Int64, failed: Bool, charged cost: Credits, in accounts: [ChargedAccount], session: SessionID, grant: Grant
    ) {
        calls += 1
        if failed { errors += 1 }
        latencies.add(nanoseconds: duration)
        let spending = Spending(calls: 1, credits: cost)
        sessions[session, default: Spending()].add(spending)
        tokens[grant.token, default: (grant, Spending())].spending.add(spending)
        guard cost != .zero else { return }
        credits = credits.adding(cost) ?? credits
        for account in accounts { add(cost, of: account.name) }
    }

    /// Counts all that the other has; what is too much to keep is left out.
    package mutating func add(_ other: ActivityTally) {
        calls += other.calls
        errors += other.errors
        refused += other.refused
        unenforced += other.unenforced
        credits = credits.adding(other.credits) ?? credits
        latencies.add(other.latencies)
        for (session, spending) in other.sessions where sessions.count < Self.most || sessions[session] != nil {
            sessions[session, default: Spending()].add(spending)
        }
        for (token, entry) in other.tokens where tokens.count < Self.most || tokens[token] != nil {
            tokens[token, default: (entry.grant, Spending())].spending.add(entry.spending)
        }
        for (account, cost) in other.accounts { add(cost, of: account) }
    }

    private mutating func add(_ cost: Credits, of account: AccountName) {
        guard accounts.count < Self.mostAccounts || accounts[account] != nil else { return }
        accounts[account] = accounts[account, default: .zero].adding(cost)
    }
}

extension ActivityTally {
    /// The same without what is told of single sessions, tokens and accounts.
    package var sum: ActivityTally {
        var sum = self
        sum.sessions = [:]
        sum.tokens = [:]
        sum.accounts = [:]
        return sum
    }

    /// The tally as several that make it up, none with more than `limit` sessions or tokens.
    package func pieces(of limit: Int) -> [ActivityTally] {
        guard sessions.count > limit || tokens.count > limit else { return [self] }
        var pieces: [ActivityTally] = []
        var (sessions, tokens) = (sessions.map { $0 }[...], tokens.map { $0 }[...])
        while !sessions.isEmpty || !tokens.isEmpty {
            var piece = ActivityTally()
            if pieces.isEmpty {
                piece = sum
                piece.accounts = accounts
            }
            for (session, spending) in sessions.prefix(limit) { piece.sessions[session] = spending }
            for (token, entry) in tokens.prefix(limit) { piece.tokens[token] = entry }
            (sessions, tokens) = (sessions.dropFirst(limit), tokens.dropFirst(limit))
            pieces.append(piece)
        }
        return pieces
    }
}
