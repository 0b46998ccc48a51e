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
        var receipts = [Receipt?](repeating: nil, count: endings.count)
        var lines = text.split(separator: UInt8(ascii: "\n")).makeIterator()
        for place in parts.lazy.flatMap(\.places) {
            guard let line = lines.next(), let receipt = Receipt(line: line) else { return nil }
            receipts[place] = receipt
        }
        return lines.next() == nil ? receipts.compactMap(\.self) : nil
    }
}

extension Receipt {
    fileprivate init?(line: ArraySlice<UInt8>) {
        let words = line.split(separator: UInt8(ascii: " "))
        guard words.count == 3, let state = HoldState(rawValue: String(decoding: words[0], as: UTF8.self)),
            let charged = Int64(String(decoding: words[1], as: UTF8.self)).flatMap({ Credits(micros: $0) }),
            let remaining = Int64(String(decoding: words[2], as: UTF8.self))
        else { return nil }
        self.init(state: state, charged: charged, remaining: Credits(micros: remaining))
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
