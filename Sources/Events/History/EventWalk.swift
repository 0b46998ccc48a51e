/// A walk along the events of one source that are kept, from a position on: each once and in order, and a gap where some are gone.
///
/// Decisions only: it says from where to read, and is given the pages.
package struct EventWalk: Sendable, Hashable {
    package enum Item: Sendable, Hashable {
        case event(EventRecord)
        /// The events with these numbers are gone. `from` nil: the position was in other books, or in some that have lost events.
        case gap(from: Int64?, to: Int64)
    }

    /// Of other books as many events are passed from the newest back: of those that lost their last ones most are known.
    package static let mostRepeated: Int64 = 4_096

    /// Of the last event that was passed.
    package private(set) var position: EventCursor.Position
    /// How often the books were found to be other ones.
    package private(set) var resets = 0
    private let source: EventSource
    /// Holes up to here are told of already.
    private var pardoned: Int64
    /// The position was found to be of other books: the first event that is read is the first to be passed.
    private var startsOver = false

    /// The events up to here were told to be gone, though some of them may still come; nil behind the end of a gap.
    package var excused: Int64? { pardoned > position.seq && pardoned < .max ? pardoned : nil }

    /// `tellsBeginning`: that events before the first there is are gone is told.
    package init(_ source: EventSource, from position: EventCursor.Position, tellsBeginning: Bool = true) {
        self.source = source
        self.position = position
        pardoned = position.seq == 0 && !tellsBeginning ? .max : 0
    }

    /// The page to read is that after this number: the event at the position is read again, to see that it still is the one it was.
    package var after: Int64 { source.isNumbered ? max(0, position.seq - 1) : position.seq }

    /// Takes in a page of at most `limit` events; `hasMore`: read on at once.
    package mutating func take(_ page: EventPage, limit: Int) -> (items: [Item], hasMore: Bool) {
        let isFull = page.entries.count >= limit
        guard source.isNumbered else { return (times(page), isFull) }
        var items: [Item] = []
        var entries = page.entries[...]
        if startsOver {
            startsOver = false
            let first = entries.first?.seq ?? 1
            items.append(.gap(from: nil, to: first - 1))
            position.seq = first - 1
        } else if position.seq > 0 {
            switch check(entries.first, page) {
            case .same: entries.removeFirst()
            case .trimmed: break
            case .lost:
                resets += 1
                position.seq = page.last
                return ([.gap(from: nil, to: page.last)], false)
            case .other:
                resets += 1
                (position, startsOver, pardoned) = (.init(epoch: "", seq: max(0, page.last - Self.mostRepeated)), true, 0)
                return ([], true)
            }
        }
        for entry in entries { pass(entry, page, &items) }
        return (items, isFull)
    }

    private enum Finding { case same, trimmed, lost, other }

    /// What has become of the event at the position; `first` is the first from there on.
    private func check(_ first: EventPage.Entry?, _ page: EventPage) -> Finding {
        guard let first else { return page.last > 0 && page.last < position.seq && page.epoch == position.epoch ? .lost : .other }
        guard let record = first.record else { return first.seq == position.seq ? .same : .trimmed }
        guard record.epoch == position.epoch else { return .other }
        return first.seq == position.seq ? .same : .trimmed
    }

    private mutating func pass(_ entry: EventPage.Entry, _ page: EventPage, _ items: inout [Item]) {
        guard entry.seq > position.seq else { return }
        if pardoned == .max { pardoned = max(entry.seq, page.horizon) - 1 }
        let told = max(position.seq, pardoned)
        if entry.seq - 1 > told {
            // Where one stream was trimmed further than the other, that is one gap though some in it are there.
            pardoned = max(entry.seq, page.horizon) - 1
            items.append(.gap(from: told + 1, to: pardoned))
        }
        position.seq = entry.seq
        if let record = entry.record {
            position.epoch = record.epoch
            items.append(.event(record))
        }
    }

    /// Numbers that are times: only where even the event at the position is gone, more may be.
    private mutating func times(_ page: EventPage) -> [Item] {
        var items: [Item] = []
        for entry in page.entries where entry.seq > position.seq {
            if position.seq > 0, position.seq < page.horizon { items.append(.gap(from: position.seq + 1, to: entry.seq - 1)) }
            position.seq = entry.seq
            if let record = entry.record { items.append(.event(record)) }
        }
        return items
    }

    /// Goes one on, to an event that came otherwise; false where it is not the next.
    package mutating func step(to record: EventRecord) -> Bool {
        guard let seq = record.seq, source.isNumbered, !startsOver, seq == position.seq + 1,
            position.seq == 0 || record.epoch == position.epoch
        else { return false }
        position = .init(epoch: record.epoch, seq: seq)
        return true
    }
}
