import Governance

/// What one script ends, with the accounts and slices of it all, each once.
struct SliceBatch {
    let endings: [SliceEnding]
    /// Of each with the latest ends of its window that any of them knows.
    private(set) var accounts: [ChargedAccount] = []
    private(set) var slices: [(id: CallID, accounts: [ChargedAccount])] = []
    /// The number of each ending's slice, from 1.
    private(set) var places: [Int] = []

    init(_ endings: some Collection<SliceEnding>) {
        self.endings = Array(endings)
        var placeOfSlice: [CallID: Int] = [:]
        var placeOfAccount: [AccountName: Int] = [:]
        for ending in endings {
            if let place = placeOfSlice[ending.slice] {
                places.append(place)
            } else {
                slices.append((ending.slice, ending.accounts))
                placeOfSlice[ending.slice] = slices.count
                places.append(slices.count)
            }
            for account in ending.accounts { add(account, &placeOfAccount) }
        }
    }

    private mutating func add(_ account: ChargedAccount, _ places: inout [AccountName: Int]) {
        guard let place = places[account.name] else {
            places[account.name] = accounts.count
            return accounts.append(account)
        }
        if (accounts[place].window?.first ?? 0) < (account.window?.first ?? 0) { accounts[place] = account }
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
