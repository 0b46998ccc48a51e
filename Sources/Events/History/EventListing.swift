package import Governance

/// Reads what is kept of several tenants as one list, by time; each tenant's events in the order of their numbers. Holds no more than is
/// asked for, and one page.
package struct EventListing: Sendable {
    /// What is listed.
    package struct Entry: Sendable, Hashable {
        package let source: EventSource
        package let item: EventWalk.Item
        /// By which it is ordered: never before that of an earlier event of its source.
        let time: String
        /// Behind it.
        let position: EventCursor.Position
        /// Of the books behind it.
        package var epoch: String { position.epoch }
    }

    /// A part of the list.
    package struct Part: Sendable, Hashable {
        package let entries: [Entry]
        /// Behind its entries.
        package let cursor: EventCursor
        package let hasMore: Bool
    }

    private static let page = 500
    /// Pages that are looked through for events that fit, for each source.
    private static let mostPages = 20

    private let history: any EventHistory
    private let filter: EventFilter

    package init(_ history: any EventHistory, filter: EventFilter) {
        self.history = history
        self.filter = filter
    }

    /// The oldest `limit` entries behind the cursor; from the beginning for sources that are not in it.
    package func part(after cursor: EventCursor, limit: Int) async throws(StoreError) -> Part {
        var entries: [Entry] = []
        var read: [EventSource: (position: EventCursor.Position, count: Int)] = [:]
        var hasMore = false
        for source in try await sources(cursor) {
            let start = cursor.positions[source]
            var walk = EventWalk(source, from: start ?? .start, tellsBeginning: start != nil)
            let found = try await collect(source, &walk, limit)
            read[source] = (walk.position, found.entries.count)
            hasMore = hasMore || found.hasMore
            entries = Self.merged(entries, found.entries)
            if entries.count > limit {
                hasMore = true
                entries.removeLast(entries.count - limit)
            }
        }
        var next = cursor
        let kept = Dictionary(grouping: entries, by: \.source)
        for (source, end) in read {
            let own = kept[source] ?? []
            if own.count == end.count {
                next.positions[source] = end.position
            } else if let last = own.last {
                next.positions[source] = last.position
            }
        }
        return Part(entries: entries, cursor: next, hasMore: hasMore)
    }

    /// The newest `count` entries; the cursor is behind the newest of all.
    package func newest(_ count: Int) async throws(StoreError) -> Part {
        var entries: [Entry] = []
        var cursor = EventCursor()
        var hasMore = false
        for source in try await sources(cursor) {
            let found = try await collectNewest(source, count)
            cursor.positions[source] = found.end
            hasMore = hasMore || found.hasMore
            entries = Self.merged(entries, found.entries)
            if entries.count > count {
                hasMore = true
                entries.removeFirst(entries.count - count)
            }
        }
        return Part(entries: entries, cursor: cursor, hasMore: hasMore)
    }

    private func sources(_ cursor: EventCursor) async throws(StoreError) -> [EventSource] {
        if let named = filter.sources { return named.sorted() }
        return Set(try await history.sources()).union(cursor.positions.keys).sorted()
    }

    private func collect(
        _ source: EventSource, _ walk: inout EventWalk, _ limit: Int
    ) async throws(StoreError) -> (entries: [Entry], hasMore: Bool) {
        var entries: [Entry] = []
        var time = ""
        for _ in 0..<Self.mostPages {
            let size = Swift.min(Self.page, limit + 1)
            var ahead = walk
            let taken = ahead.take(try await history.page(of: source, after: walk.after, limit: size), limit: size)
            var position = walk.position
            for item in taken.items {
                switch item {
                case .event(let record):
                    position = .init(epoch: record.epoch, seq: record.seq ?? position.seq)
                    time = max(time, record.timestamp)
                    guard filter.admits(type: record.type, isUnenforced: record.isUnenforced) else { continue }
                case .gap(let from, let to): position = from == nil ? .init(epoch: ahead.position.epoch, seq: to) : position
                }
                entries.append(Entry(source: source, item: item, time: time, position: position))
            }
            walk = ahead
            if !taken.hasMore { return (entries, false) }
            if entries.count >= limit { break }
        }
        return (entries, true)
    }

    private func collectNewest(
        _ source: EventSource, _ count: Int
    ) async throws(StoreError) -> (entries: [Entry], end: EventCursor.Position, hasMore: Bool) {
        var found: [EventRecord] = []
        var end: EventCursor.Position?
        var before: Int64?
        for _ in 0..<Self.mostPages {
            let size = filter.types == nil && !filter.onlyUnenforced ? Swift.min(Self.page, count) : Self.page
            let page = try await history.newest(of: source, before: before, limit: size)
            end = end ?? page.entries.last.map { .init(epoch: $0.record?.epoch ?? page.epoch, seq: $0.seq) }
            let records = page.entries.compactMap(\.record)
            found = records.filter { filter.admits(type: $0.type, isUnenforced: $0.isUnenforced) } + found
            before = page.entries.first?.seq
            if page.entries.count < size { return (Self.entries(found.suffix(count), source), end ?? .start, found.count > count) }
            if found.count >= count { break }
        }
        return (Self.entries(found.suffix(count), source), end ?? .start, true)
    }

    private static func entries(_ records: ArraySlice<EventRecord>, _ source: EventSource) -> [Entry] {
        var time = ""
        return records.map { record in
            time = max(time, record.timestamp)
            return Entry(
                source: source, item: .event(record), time: time, position: .init(epoch: record.epoch, seq: record.seq ?? 0))
        }
    }

    /// Both lists as one, by time; what is first in either stays before what comes after it there.
    private static func merged(_ left: [Entry], _ right: [Entry]) -> [Entry] {
        guard !left.isEmpty, !right.isEmpty else { return left + right }
        var out: [Entry] = []
        out.reserveCapacity(left.count + right.count)
        var i = 0, j = 0
        while i < left.count, j < right.count {
            if left[i].time <= right[j].time {
                out.append(left[i])
                i += 1
            } else {
                out.append(right[j])
                j += 1
            }
        }
        return out + left[i...] + right[j...]
    }
}
