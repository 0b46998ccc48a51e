import Governance

/// What one script ends, slice by slice, with the accounts of it all, each once.
struct SliceBatch {
    /// What leaves one slice.
    struct Part {
        let slice: CallID
        let accounts: [ChargedAccount]
        /// The places of its endings among those of the batch.
        var places: [Int] = []
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
            if let part = parts.firstIndex(where: { $0.slice == slice }) {
                parts[part].places.append(place)
            } else {
                parts.append(Part(slice: slice, accounts: ending.accounts, places: [place]))
            }
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

    var accounts: [ChargedAccount] {
        switch self {
        case .call(let hold, _, _): hold.charge.charged
        case .rest(_, let accounts, _, _): accounts
        }
    }
}
