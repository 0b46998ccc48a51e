import Governance

/// What one script ends, slice by slice, with the accounts of it all, each once.
struct SliceBatch {
    /// What leaves one slice.
    struct Part {
        let slice: CallID
        let accounts: [ChargedAccount]
        /// The places of its endings among those of the batch, those side by side that are alike.
        private(set) var places: [Int] = []
        /// How many of them are alike, one after the other.
        private(set) var runs: [Int] = []

        init(slice: CallID, accounts: [ChargedAccount]) {
            self.slice = slice
            self.accounts = accounts
        }

        /// Adds the ending at this place behind those that it is like.
        fileprivate mutating func add(_ place: Int, of endings: [SliceEnding]) {
            var end = 0
            for run in runs.indices {
                end += runs[run]
                guard endings[place].isLike(endings[places[end - 1]]) else { continue }
                places.insert(place, at: end)
                runs[run] += 1
                return
            }
            places.append(place)
            runs.append(1)
        }
    }

    let endings: [SliceEnding]
    /// Of each with the latest ends of its window that any of them knows.
    private(set) var accounts: [ChargedAccount] = []
    private(set) var parts: [Part] = []

    init(_ endings: some Collection<SliceEnding>) {
        self.endings = Array(endings)
        // They are of a few slices in a few accounts.
        for (place, ending) in self.endings.enumerated() {
            let slice = ending.slice
            let part = parts.firstIndex { $0.slice == slice } ?? parts.endIndex
            if part == parts.endIndex { parts.append(Part(slice: slice, accounts: ending.accounts)) }
            parts[part].add(place, of: self.endings)
            for account in ending.accounts { add(account) }
        }
    }

    private mutating func add(_ account: ChargedAccount) {
        guard let place = accounts.firstIndex(where: { $0.name == account.name }) else { return accounts.append(account) }
        if (accounts[place].window?.first ?? 0) < (account.window?.first ?? 0) { accounts[place] = account }
    }

    /// The receipts in the order of the endings, from a line for each in the order of the parts: its state, what was charged, and what remains or
    /// -1; nil where the text is none such.
    func receipts(in text: [UInt8]) -> [Receipt]? {
        let missing = Receipt(state: .unknown, charged: .zero, remaining: nil)
        var receipts = [Receipt](repeating: missing, count: endings.count)
        var lines = ReceiptLines(text)
        for part in parts {
            for place in part.places {
                guard let receipt = lines.next() else { return nil }
                receipts[place] = receipt
            }
        }
        return lines.isOver ? receipts : nil
    }
}

extension SliceEnding {
    /// What it is known by in Redis.
    var id: CallID {
        switch self {
        case .call(let hold, _, _): hold.charge.call
        case .rest(_, _, _, let id): id
        }
    }

    /// What it leaves; a hold of no slice is taken for one of its own, which none is found by.
    var slice: CallID {
        switch self {
        case .call(let hold, _, _): hold.slice ?? hold.charge.call
        case .rest(let slice, _, _, _): slice
        }
    }

    /// Milliseconds that its call took; 0 for a rest.
    var duration: Int64 {
        switch self {
        case .call(_, _, let outcome): outcome.duration
        case .rest: 0
        }
    }

    /// True where the two differ in no more than their ids and durations.
    func isLike(_ other: Self) -> Bool {
        guard case .call(let one, let cost, let outcome) = self, case .call(let another, let otherCost, let otherOutcome) = other else {
            return false
        }
        return one.charge.context == another.charge.context && cost == otherCost && outcome.kind == otherOutcome.kind
            && one.charge.amount == another.charge.amount
    }

    var accounts: [ChargedAccount] {
        switch self {
        case .call(let hold, _, _): hold.charge.charged
        case .rest(_, let accounts, _, _): accounts
        }
    }
}
