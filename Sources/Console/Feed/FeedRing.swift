import Events
import NIOCore

/// The newest events of a node's feed, each with a number of its own, within bounds; readers remember a number, no event.
struct FeedRing {
    /// Numbers of the oldest item and behind the newest.
    private(set) var start = 0
    var end: Int { start + items.count }

    /// By source the number of the newest item that is not held any more.
    private(set) var dropped: [EventSource: Int] = [:]

    private var items = CircularBuffer<FeedItem>(initialCapacity: 64)
    private var bytes = 0
    private let mostItems: Int
    private let mostBytes: Int

    init(mostItems: Int, mostBytes: Int) {
        self.mostItems = mostItems
        self.mostBytes = mostBytes
    }

    mutating func append(_ item: FeedItem) {
        items.append(item)
        bytes += item.text.readableBytes
        while items.count > mostItems || bytes > mostBytes, let oldest = items.popFirst() {
            bytes -= oldest.text.readableBytes
            dropped[oldest.source] = start
            start += 1
        }
    }

    /// Nil for a number that is not there any more, or not yet.
    subscript(number: Int) -> FeedItem? {
        guard number >= start, number < end else { return nil }
        return items[items.index(items.startIndex, offsetBy: number - start)]
    }

    /// Forgets all; numbers go on.
    mutating func removeAll() {
        start = end
        dropped = [:]
        items.removeAll()
        bytes = 0
    }
}
