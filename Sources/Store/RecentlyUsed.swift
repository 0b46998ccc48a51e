/// Values by key, at most so many: a new one takes the place of that which was not used for longest.
struct RecentlyUsed<Key: Hashable, Value> {
    private struct Entry {
        var key: Key
        var value: Value
        /// Towards the most recently used, and towards the least; -1 at the ends.
        var newer = -1
        var older = -1
    }

    private let capacity: Int
    private var places: [Key: Int] = [:]
    private var entries: [Entry] = []
    private var free: [Int] = []
    private var newest = -1
    private var oldest = -1

    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// The key's value, which counts as used.
    mutating func value(for key: Key) -> Value? {
        guard let place = place(of: key) else { return nil }
        use(place)
        return entries[place].value
    }

    /// Changes the key's value in its place; answers what `change` does, false where there is none.
    mutating func update(_ key: Key, _ change: (inout Value) -> Bool) -> Bool {
        guard let place = place(of: key) else { return false }
        use(place)
        return change(&entries[place].value)
    }

    /// Sets the key's value.
    mutating func insert(_ value: Value, for key: Key) {
        if let place = places[key] {
            entries[place].value = value
            return use(place)
        }
        if places.count >= capacity, entries.indices.contains(oldest) { remove(entries[oldest].key) }
        let entry = Entry(key: key, value: value)
        let place = free.popLast() ?? entries.endIndex
        if place == entries.endIndex { entries.append(entry) } else { entries[place] = entry }
        places[key] = place
        link(place)
    }

    /// Forgets the key.
    mutating func remove(_ key: Key) {
        guard let place = places.removeValue(forKey: key) else { return }
        unlink(place)
        free.append(place)
    }

    /// All keys and values, in no order.
    var all: [(key: Key, value: Value)] { places.values.map { (entries[$0].key, entries[$0].value) } }

    /// Mostly one of those that were used last is used again, and hashing a key costs more than comparing it with a few.
    private func place(of key: Key) -> Int? {
        var place = newest
        for _ in 0..<4 where place >= 0 {
            if entries[place].key == key { return place }
            place = entries[place].older
        }
        return places[key]
    }

    private mutating func use(_ place: Int) {
        guard place != newest else { return }
        unlink(place)
        link(place)
    }

    private mutating func link(_ place: Int) {
        entries[place].newer = -1
        entries[place].older = newest
        if newest >= 0 { entries[newest].newer = place } else { oldest = place }
        newest = place
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (entries[place].newer, entries[place].older)
        if newer >= 0 { entries[newer].older = older } else { newest = older }
        if older >= 0 { entries[older].newer = newer } else { oldest = newer }
    }
}
