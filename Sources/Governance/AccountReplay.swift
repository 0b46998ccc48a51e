/// An account as its entries in the ledger make it, one after the other.
///
/// The first entry is where it starts. From then on limit, spent and delegated are counted from what each entry does, not from what it
/// says is left; after a difference the replay goes on from what the entry says, so that one mistake is told once.
package struct AccountReplay: Sendable {
    /// What is counted, in millionths of a credit.
    fileprivate struct State {
        var limit, spent, delegated: Int64
        var version: Int64
        var epoch: String
        /// Redis forgets the account some time after.
        var hasEnded = false
    }

    package let account: AccountName
    private var state: State?

    package init(account: AccountName) { self.account = account }

    /// An entry has named the account.
    package var hasBegun: Bool { state != nil }

    /// Takes the next entry that names the account; answers what is wrong with it.
    package mutating func take(_ entry: LedgerEntry, _ books: LedgerEntry.Books) -> [AuditDifference] {
        let effect = entry.effects[account] ?? entry.effect
        var wrong: [String] = []
        if entry.id != "\(entry.number)-0" { wrong.append("it is number \(entry.number) by its own account") }
        let used = books.held + books.spent + books.delegated
        if books.available != max(0, books.limit - used) || books.over != max(0, used - books.limit) {
            wrong.append("limit + over is not available + held + spent + delegated")
        }
        if let before = state, effect.isCreation == false, before.epoch == books.epoch,
            books.version < before.version || (books.version == before.version && effect.isChange)
        {
            wrong.append("version \(books.version) after version \(before.version)")
            return told(wrong, by: entry)
        }
        wrong += follow(effect, books)
        state = State(
            limit: books.limit, spent: books.spent, delegated: books.delegated, version: books.version, epoch: books.epoch,
            hasEnded: effect.isEnd || (state?.hasEnded ?? false))
        return told(wrong, by: entry)
    }

    /// What the entry states otherwise than it follows from those before.
    private func follow(_ effect: LedgerEntry.Effect, _ books: LedgerEntry.Books) -> [String] {
        var wrong: [String] = []
        var expected: State
        switch (state, effect) {
        case (let before, .made(let limit)):
            if before != nil, !account.expires { wrong.append("the account is made anew, though it was there before") }
            expected = State(limit: limit, spent: 0, delegated: 0, version: 1, epoch: books.epoch)
        case (nil, _): return []
        case (let before?, _): expected = before
        }
        switch effect {
        case .none, .made: break
        case .limited(let from, let to):
            if from != expected.limit { wrong.append("the limit was \(text(from)) before, by the entries \(text(expected.limit))") }
            expected.limit = to
        case .spent(let amount): expected.spent += amount
        case .turned(let spent, let drained):
            if let spent, spent != expected.spent {
                wrong.append("the window ended with \(text(spent)) spent, by the entries \(text(expected.spent))")
            }
            expected.spent = 0
            expected.delegated -= drained ?? max(0, expected.delegated - books.delegated)
        case .delegated(let amount): expected.delegated += amount
        case .ended(let returned): expected.limit -= returned
        case .resumed(let epoch):
            if epoch != expected.epoch { wrong.append("it goes on from another epoch") }
            expected.epoch = books.epoch
        }
        if books.epoch != expected.epoch { wrong.append("another epoch") }
        return wrong + expected.differences(limit: books.limit, spent: books.spent, delegated: books.delegated)
    }

    /// What is wrong with the account itself, once all its entries are taken. `held`: the sum of its open holds; `isWhole`: no entry was
    /// ever dropped from the ledger.
    package func end(_ balance: Balance?, held: Int64, isWhole: Bool) -> [AuditDifference] {
        guard let balance else { return state?.hasEnded ?? true || account.expires ? [] : [difference("the account is missing")] }
        var wrong: [String] = []
        if let state {
            wrong += state.differences(limit: balance.limit.micros, spent: balance.spent.micros, delegated: balance.delegated.micros)
            if balance.epoch != state.epoch { wrong.append("another epoch than the last entry's") }
            if balance.version < state.version { wrong.append("version \(balance.version), the last entry's is \(state.version)") }
        } else if isWhole {
            wrong.append("no entry made the account")
        }
        if balance.held.micros != held { wrong.append("held is \(balance.held), by the open holds \(text(held))") }
        let used = balance.held.micros + balance.spent.micros + balance.delegated.micros
        if balance.over.micros != max(0, used - balance.limit.micros) { wrong.append("over is \(balance.over)") }
        return wrong.map(difference)
    }

    private func told(_ wrong: [String], by entry: LedgerEntry) -> [AuditDifference] {
        wrong.map { AuditDifference(account: account, entry: entry.id, what: "\(entry.kind): \($0)") }
    }

    private func difference(_ what: String) -> AuditDifference { AuditDifference(account: account, what: what) }
}

extension AccountReplay.State {
    /// What is stated otherwise.
    fileprivate func differences(limit: Int64, spent: Int64, delegated: Int64) -> [String] {
        [("limit", limit, self.limit), ("spent", spent, self.spent), ("delegated", delegated, self.delegated)].compactMap {
            $1 == $2 ? nil : "\($0) is \(text($1)), by the entries \(text($2))"
        }
    }
}

extension LedgerEntry.Effect {
    fileprivate var isCreation: Bool { if case .made = self { true } else { false } }

    fileprivate var isEnd: Bool { if case .ended = self { true } else { false } }

    /// It cannot leave the version as it is.
    fileprivate var isChange: Bool {
        switch self {
        case .none, .spent(0): false
        default: true
        }
    }
}

extension AccountName {
    /// Redis forgets it some time after the tokens that it is of.
    fileprivate var expires: Bool {
        switch self {
        case .cap: true
        case .budget(let name): name.isDelegated
        case .tenant: false
        }
    }
}

/// The amount as a decimal of credits.
private func text(_ micros: Int64) -> String {
    Credits(micros: abs(micros)).map { (micros < 0 ? "-" : "") + $0.description } ?? "\(micros) millionths"
}
