import Events

/// What one reader of a feed is sent next: first what its cursor lacks, read from the streams, then what happens.
struct FeedReader {
    /// A source whose streams are read up to where the feed was when the reader came.
    struct Errand {
        let source: EventSource
        var walk: EventWalk
        let target: EventCursor.Position
        /// Up to here the reader has seen everything, wherever the feed is.
        var floor: EventCursor.Position
        /// Behind the target events are gone up to here, of which the feed tells no more.
        let excused: Int64?

        init(_ source: EventSource, from position: EventCursor.Position, to target: EventCursor.Position, excused: Int64?) {
            self.source = source
            self.target = target
            self.excused = excused
            walk = EventWalk(source, from: position)
            floor = position
        }
    }

    let filter: EventFilter
    /// Nil: it starts with what happens from now on.
    let cursor: EventCursor?
    /// It has a place in the ring.
    var hasBegun = false
    /// To be told first.
    var greeting: EventCursor?
    var errands: [Errand] = []
    var isReading = false
    /// Read, not yet taken.
    var inbox: [FeedItem] = []
    /// The number in the ring of what comes after the errands.
    var next = 0
    /// Where the sources stood at that number; kept until the reader has come to the ring.
    var targets: [EventSource: EventCursor.Position] = [:]
    /// It has come to the ring: should it fall out now, it is too slow.
    var isLive = false
    /// It is further than the feed: these events it has seen.
    var seen: [EventSource: EventCursor.Position] = [:]
    /// It was told that there is something for it, and has not come yet.
    var isCalled = false
    /// It has everything, and is to be called for the next item.
    var isResting = false

    init(filter: EventFilter, cursor: EventCursor?) {
        self.filter = filter
        self.cursor = cursor
    }

    /// Whether it is to be sent an item of the ring.
    mutating func admits(_ item: FeedItem) -> Bool {
        guard filter.wants(item.source) else { return false }
        if !seen.isEmpty, let position = seen[item.source] {
            if item.isReset || item.position.map({ $0.epoch != position.epoch || $0.seq > position.seq }) ?? false {
                seen[item.source] = nil
            } else if item.position != nil {
                return false
            }
        }
        return item.isAdmitted(by: filter)
    }

    /// Takes in a page of its first errand; true: that has come to its end.
    mutating func take(_ page: EventPage, limit: Int) -> Bool {
        guard var errand = errands.first else { return true }
        let taken = errand.walk.take(page, limit: limit)
        for item in taken.items where !isBehind(errand.target.seq, item) {
            let made = FeedItem(item, in: errand.source, epoch: errand.walk.position.epoch)
            if made.isAdmitted(by: filter) { inbox.append(made) }
        }
        if case .gap(nil, let to)? = taken.items.first { errand.floor = .init(epoch: errand.walk.position.epoch, seq: to) }
        errands[0] = errand
        guard !taken.hasMore || !taken.items.isEmpty && errand.walk.position.seq >= errand.target.seq else { return false }
        errands.removeFirst()
        if errand.floor.seq > errand.target.seq { seen[errand.source] = errand.floor }
        if let excused = errand.excused, errand.walk.excused ?? 0 < excused {
            let to = EventCursor.Position(epoch: errand.target.epoch, seq: excused)
            inbox.append(FeedItem(gapIn: errand.source, from: errand.target.seq + 1, to: to))
        }
        return true
    }

    /// Whether the ring brings it.
    private func isBehind(_ target: Int64, _ item: EventWalk.Item) -> Bool {
        switch item {
        case .event(let record): (record.seq ?? 0) > target
        case .gap(let from, _): from.map { $0 > target } ?? false
        }
    }
}
