import Events

/// How far a node has followed the events of one source: what is published is taken if it is the next, else the streams are read.
struct FeedTimeline {
    /// What is heard while a page is read waits for it, at most so many.
    private static let mostHeld = 512

    enum Reading { case none, queued, underWay }

    let source: EventSource
    /// Where the feed began with it.
    let origin: EventCursor.Position
    private(set) var walk: EventWalk
    /// Milliseconds of the feed's clock at which the streams are to be read though nothing calls for it.
    var due: Int64
    private(set) var reading = Reading.none
    /// Another page is needed after the one that is read.
    private var isStale = false
    private var held: [EventRecord] = []

    init(_ source: EventSource, at position: EventCursor.Position, due: Int64) {
        self.source = source
        self.due = due
        origin = position
        walk = EventWalk(source, from: position)
    }

    var position: EventCursor.Position { walk.position }

    enum Hearing: Equatable {
        /// To be passed on at once.
        case next
        /// Known already, or kept until a page has come.
        case nothing
        /// The streams must be read.
        case unclear
    }

    /// An event was published.
    mutating func heard(_ record: EventRecord) -> Hearing {
        guard let seq = record.seq else { return .next }
        guard source.isNumbered else { return .unclear }
        if seq <= position.seq, record.epoch == position.epoch { return .nothing }
        guard reading == .underWay else { return walk.step(to: record) ? .next : .unclear }
        if held.count < Self.mostHeld { held.append(record) } else { isStale = true }
        return .nothing
    }

    /// The streams must be read; true: nobody knows yet.
    mutating func wantReading() -> Bool {
        switch reading {
        case .none:
            reading = .queued
            return true
        case .queued: return false
        case .underWay:
            isStale = true
            return false
        }
    }

    /// The page behind the answered number is about to be read.
    mutating func beginReading() -> Int64 {
        // Whatever was heard before it will be in the page.
        (reading, isStale) = (.underWay, false)
        held.removeAll()
        return walk.after
    }

    /// Takes in the page: what is to be passed on. `mustRead`: once more, from now.
    mutating func read(_ page: EventPage, limit: Int) -> (items: [EventWalk.Item], mustRead: Bool) {
        reading = .none
        var (items, mustRead) = walk.take(page, limit: limit)
        if isStale { mustRead = true }
        for record in held where !(record.epoch == position.epoch && (record.seq ?? 0) <= position.seq) {
            // The page may have been made before it was.
            if walk.step(to: record) { items.append(.event(record)) } else { mustRead = true }
        }
        held.removeAll()
        return (items, mustRead)
    }

    /// The page could not be read.
    mutating func failed() { reading = .none }
}
