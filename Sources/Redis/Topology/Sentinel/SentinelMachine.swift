/// Which master counts: the one that more than half of the sentinels name. Decisions only, no I/O, no clock.
///
/// A sentinel is known that was configured, or that more than half of those configured list. While no majority names another, the master stays.
struct SentinelMachine {
    private struct Voice {
        let isConfigured: Bool
        /// Nil until it has told.
        var id: String?
        /// What it named when it was last asked; nil: none, or it was silent.
        var master: ServerAddress?
        /// What it listed when it last answered.
        var others: [String: ServerAddress] = [:]
        var isSilent = true
    }

    /// What follows from an answer.
    struct Consequences: Equatable {
        /// Another master than before counts.
        var master: ServerAddress?
        /// Sentinels that are to be asked from now on.
        var learnt: [ServerAddress] = []
        /// Sentinels that are not to be asked any more.
        var forgotten: [ServerAddress] = []
    }

    /// How many sentinels are asked at most, unless more are configured.
    static let most = 15

    private var voices: [ServerAddress: Voice]
    private let configured: Int
    /// The master that counts; nil before the first majority.
    private(set) var master: ServerAddress?

    init(_ addresses: [ServerAddress]) {
        let configured = Set(addresses)
        self.configured = configured.count
        voices = Dictionary(uniqueKeysWithValues: configured.map { ($0, Voice(isConfigured: true)) })
    }

    /// Takes in what the sentinel at `address` answered.
    mutating func heard(_ testimony: SentinelTestimony, from address: ServerAddress) -> Consequences {
        guard var voice = voices[address] else { return Consequences() }
        // In the place of one that is listed another may be; one that does not say who it is is known by its address.
        let id = testimony.id ?? "\(address)"
        guard voice.isConfigured || id == voice.id else {
            silent(address)
            return Consequences()
        }
        voice.id = id
        voice.master = testimony.master
        voice.others = testimony.others
        voice.isSilent = false
        voices[address] = voice
        return conclude()
    }

    /// Takes in that the sentinel at `address` did not answer: what it said before does not count any more.
    mutating func silent(_ address: ServerAddress) {
        voices[address]?.master = nil
        voices[address]?.isSilent = true
    }

    // MARK: Who is asked

    private mutating func conclude() -> Consequences {
        var consequences = Consequences()
        let listed = listed
        let own = Set(voices.values.filter(\.isConfigured).compactMap(\.id))
        for (address, voice) in voices where !voice.isConfigured && (voice.id.map { own.contains($0) || listed[$0] == nil } ?? true) {
            voices[address] = nil
            consequences.forgotten.append(address)
        }
        let known = own.union(voices.values.compactMap(\.id))
        for (id, address) in listed.sorted(by: { $0.key < $1.key }) where !known.contains(id) && voices[address] == nil {
            guard voices.count < Self.most else { break }
            voices[address] = Voice(isConfigured: false, id: id)
            consequences.learnt.append(address)
        }
        if let majority = majority(listed), majority != master {
            master = majority
            consequences.master = majority
        }
        return consequences
    }

    /// The sentinels that more than half of those configured list: so no few can make up others that vote as they do.
    private var listed: [String: ServerAddress] {
        var counts: [String: (count: Int, address: ServerAddress)] = [:]
        for (_, voice) in voices.sorted(by: { $0.key.description < $1.key.description }) where voice.isConfigured {
            for (id, address) in voice.others { counts[id, default: (0, address)].count += 1 }
        }
        return counts.filter { $0.value.count * 2 > configured }.mapValues(\.address)
    }

    // MARK: Who counts

    /// The sentinels that there are, each once, by what they name.
    private func electorate(_ listed: [String: ServerAddress]) -> (size: Int, votes: [ServerAddress: Int]) {
        let own = voices.values.filter(\.isConfigured).compactMap(\.id)
        let ids = Set(own).union(listed.keys)
        // Two addresses of one sentinel are one; one that has never answered may be any that others list.
        let distinct = configured - (own.count - Set(own).count)
        var named: [String: Set<ServerAddress>] = [:]
        for voice in voices.values {
            guard let id = voice.id, ids.contains(id), let master = voice.master else { continue }
            named[id, default: []].insert(master)
        }
        var votes: [ServerAddress: Int] = [:]
        for masters in named.values where masters.count == 1 { for master in masters { votes[master, default: 0] += 1 } }
        return (max(distinct, ids.count), votes)
    }

    private func majority(_ listed: [String: ServerAddress]) -> ServerAddress? {
        let (size, votes) = electorate(listed)
        return votes.first { $0.value * 2 > size }?.key
    }

    /// How it stands: sentinels known, answering, and naming the most named master.
    var standing: (known: Int, answering: Int, agreeing: Int) {
        let (size, votes) = electorate(listed)
        return (size, voices.values.count { !$0.isSilent }, votes.values.max() ?? 0)
    }

    /// The sentinels that are asked.
    var addresses: [ServerAddress] { voices.keys.sorted { $0.description < $1.description } }
}
