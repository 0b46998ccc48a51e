import Events
import NIOCore

extension FeedMachine {
    /// What is to be read now, at most `count`; each is to be answered by `listed`, `located`, `read` or `failed`.
    mutating func takeJobs(_ count: Int) -> [Job] {
        var jobs: [Job] = []
        while jobs.count < count {
            if !urgent.isEmpty {
                jobs.append(urgent.removeFirst())
            } else if let job = errandJob(preferred: jobs.count.isMultiple(of: 2)) ?? timelineJob() ?? errandJob(preferred: true) {
                jobs.append(job)
            } else {
                break
            }
        }
        return jobs
    }

    private mutating func timelineJob() -> Job? {
        guard !toRead.isEmpty else { return nil }
        let source = toRead.removeFirst()
        guard var timeline = timelines[source] else { return nil }
        let after = timeline.beginReading()
        timelines[source] = timeline
        return .timeline(source, after: after, era: era)
    }

    private mutating func errandJob(preferred: Bool) -> Job? {
        guard preferred else { return nil }
        while !errands.isEmpty {
            let id = errands.removeFirst()
            if let errand = readers[id]?.errands.first { return .errand(id, errand.source, after: errand.walk.after) }
        }
        return nil
    }

    /// The readers for whom there is something; each is told once, and asks until there is nothing.
    mutating func takeCalled() -> [ReaderID] {
        defer { called.removeAll(keepingCapacity: true) }
        return called
    }

    /// Gives the waiting readers their places, once all sources have theirs.
    mutating func beginReaders() {
        guard state == .running, pending.isEmpty else { return }
        for (id, reader) in readers where !reader.hasBegun {
            begin(id)
            call(id)
        }
    }

    /// Gives the reader its place, where the sources have theirs.
    mutating func begin(_ id: ReaderID) {
        guard var reader = readers[id] else { return }
        reader.hasBegun = true
        let start: [EventSource: EventCursor.Position]?
        if let cursor = reader.cursor {
            start = cursor.positions.filter { reader.filter.wants($0.key) }
            reader.greeting = EventCursor(start ?? [:])
        } else {
            start = nil
        }
        place(&reader, from: start) { _ in .start }
        if start == nil { reader.greeting = EventCursor(reader.targets) }
        readers[id] = reader
    }

    /// The reader's place is behind the newest item; up to there it is read from the streams, beginning with `start`, where it is given, and
    /// for sources that are not in it with `other`.
    private func place(
        _ reader: inout FeedReader, from start: [EventSource: EventCursor.Position]?, other: (FeedTimeline) -> EventCursor.Position
    ) {
        reader.next = ring.end
        reader.targets = [:]
        for (source, timeline) in timelines where reader.filter.wants(source) {
            reader.targets[source] = timeline.position
            let position = start.map { $0[source] ?? other(timeline) } ?? timeline.position
            if position != timeline.position {
                reader.errands.append(.init(source, from: position, to: timeline.position, excused: timeline.walk.excused))
            } else if let excused = timeline.walk.excused {
                reader.inbox.append(FeedItem(gapIn: source, from: position.seq + 1, to: .init(epoch: position.epoch, seq: excused)))
            }
        }
        reader.errands.sort { $0.source < $1.source }
    }

    /// What the reader is sent next, at most `limits.batch` events.
    mutating func take(_ id: ReaderID) -> Delivery {
        guard var reader = readers[id] else { return .nothing }
        reader.isCalled = false
        defer { readers[id] = reader }
        guard reader.hasBegun else { return .nothing }
        if let greeting = reader.greeting {
            reader.greeting = nil
            return .greeting(greeting)
        }
        if !reader.inbox.isEmpty {
            defer { reader.inbox = [] }
            return .items(reader.inbox)
        }
        if !reader.isLive, reader.errands.isEmpty {
            if reader.next >= ring.start {
                (reader.isLive, reader.targets) = (true, [:])
            } else {
                let seen = reader.targets.merging(reader.seen) { $1.seq > $0.seq ? $1 : $0 }
                reader.seen = [:]
                place(&reader, from: seen, other: \.origin)
            }
        }
        if !reader.errands.isEmpty {
            if !reader.isReading {
                reader.isReading = true
                errands.append(id)
            }
            return .nothing
        }
        return fromRing(&reader, id)
    }

    private mutating func fromRing(_ reader: inout FeedReader, _ id: ReaderID) -> Delivery {
        var items: [FeedItem] = []
        var bytes = 0
        while items.count < limits.batch, bytes < limits.batchBytes, reader.next < ring.end {
            guard let item = ring[reader.next] else {
                if hasLost(reader) { return .tooSlow }
                // What it has missed is others' alone.
                reader.next = ring.start
                continue
            }
            reader.next += 1
            guard reader.admits(item) else { continue }
            items.append(item)
            bytes += item.text.readableBytes
        }
        if reader.next == ring.end, items.isEmpty, !reader.isResting {
            reader.isResting = true
            resting.append(id)
        }
        return items.isEmpty ? .nothing : .items(items)
    }

    /// Whether what the reader should be sent next is not held any more.
    func hasLost(_ id: ReaderID) -> Bool { readers[id].map { $0.isLive && hasLost($0) } ?? false }

    private func hasLost(_ reader: FeedReader) -> Bool {
        reader.next < ring.start && ring.dropped.contains { $0.value >= reader.next && reader.filter.wants($0.key) }
    }
}
