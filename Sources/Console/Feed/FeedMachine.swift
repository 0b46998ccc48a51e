import Events

/// The feed of a node: which events its readers are sent next, and what must be read for that. Decisions only; times are milliseconds of
/// any clock that does not go back.
///
/// While nobody reads it follows nothing. With the first reader it begins to listen, looks where each source stands, and goes on from
/// there.
struct FeedMachine {
    /// Names a reader.
    typealias ReaderID = Int

    /// What is to be read from the streams.
    enum Job: Hashable {
        case sources(era: Int)
        case baseline(EventSource, limit: Int, era: Int)
        case timeline(EventSource, after: Int64, era: Int)
        case errand(ReaderID, EventSource, after: Int64)
    }

    enum State { case idle, starting, running }

    /// What a reader is given when it asks.
    enum Delivery {
        /// Nothing is there; it will be called.
        case nothing
        /// The first: where it starts.
        case greeting(EventCursor)
        case items([FeedItem])
        /// What it should have been sent next is not held any more.
        case tooSlow
    }

    let limits: FeedLimits
    private(set) var state = State.idle
    var timelines: [EventSource: FeedTimeline] = [:]
    var readers: [ReaderID: FeedReader] = [:]
    var ring: FeedRing
    /// Readers for whom there is something, to be called once.
    var called: [ReaderID] = []
    /// Live readers that have everything.
    var resting: [ReaderID] = []
    /// Sources whose place is not known yet, each with whether something was heard of it.
    var pending: [EventSource: Bool] = [:]
    /// Urgent jobs; sources to be read; readers to be read for.
    var urgent: [Job] = []
    var toRead: [EventSource] = []
    var errands: [ReaderID] = []
    /// Sources that a reader has named, beside those that there are.
    var named: Set<EventSource> = []
    /// Counted up whenever everything is forgotten: what was read before is of no use.
    private(set) var era = 0
    /// Of the first readiness: an event stamped before it is no news. RFC 3339.
    private(set) var since = ""
    private var listsSources = false
    private var lastReader: ReaderID = 0
    private var idleSince: Int64?
    private var sourcesDue: Int64 = 0

    init(limits: FeedLimits = FeedLimits()) {
        self.limits = limits
        ring = FeedRing(mostItems: limits.ringItems, mostBytes: limits.ringBytes)
    }

    /// Whether to listen to what is published.
    var isWanted: Bool { state != .idle }

    /// Whether there is something to read.
    var isBusy: Bool { !urgent.isEmpty || !toRead.isEmpty || !errands.isEmpty }

    // MARK: What is heard

    /// All that is published from now on is heard; something before may have been missed. `time`: what events happening now are stamped.
    mutating func ready(time: String) {
        if state == .starting, since.isEmpty { since = time }
        guard state != .idle else { return }
        listSources()
        for source in timelines.keys { wantReading(source) }
    }

    /// An event was published.
    mutating func heard(_ record: EventRecord) {
        guard state != .idle else { return }
        let source = record.source
        guard var timeline = timelines[source] else {
            if record.seq == nil {
                if state == .running { pass(FeedItem(record)) }
            } else if pending[source] != nil {
                pending[source] = true
            } else if state == .running {
                locate(source, isHeard: true)
            }
            return
        }
        let hearing = timeline.heard(record)
        timelines[source] = timeline
        switch hearing {
        case .next: pass(FeedItem(record))
        case .nothing: break
        case .unclear: wantReading(source)
        }
    }

    /// Time has passed; to be called about once a second, or twice within an interval between two looks. `spread` gives a part of an interval, 0 to 1, to spread work over it.
    mutating func tick(now: Int64, spread: () -> Double) {
        guard state != .idle else { return }
        if readers.isEmpty {
            let since = idleSince ?? now
            idleSince = since
            if now - since >= limits.linger { return sleep() }
        } else {
            idleSince = nil
        }
        guard state == .running else { return }
        if now >= sourcesDue {
            sourcesDue = now + limits.poll
            listSources()
        }
        for (source, timeline) in timelines where now >= timeline.due {
            timelines[source]?.due = now + limits.poll * 3 / 4 + Int64(Double(limits.poll) / 2 * spread())
            if timeline.due > 0 { wantReading(source) }
        }
    }

    // MARK: Readers

    /// A reader comes. It is called when its greeting is there.
    mutating func open(_ filter: EventFilter, after cursor: EventCursor?) -> ReaderID {
        lastReader += 1
        readers[lastReader] = FeedReader(filter: filter, cursor: cursor)
        for source in Set(cursor?.positions.keys.map(\.self) ?? []).union(filter.sources ?? []) where filter.wants(source) {
            guard timelines[source] == nil, pending[source] == nil, named.count < limits.named else { continue }
            named.insert(source)
            if state == .running { locate(source, isHeard: false) }
        }
        idleSince = nil
        if state == .idle { state = .starting }
        if state == .running, pending.isEmpty {
            begin(lastReader)
            call(lastReader)
        }
        return lastReader
    }

    /// A reader has gone.
    mutating func close(_ id: ReaderID) { readers[id] = nil }

    // MARK: What was read

    /// The sources that there are.
    mutating func listed(_ sources: [EventSource], era: Int) {
        guard era == self.era else { return }
        listsSources = false
        for source in named.union(sources) where timelines[source] == nil && pending[source] == nil { locate(source, isHeard: false) }
        settle()
    }

    /// The newest events of a source that is to be followed; with less than `limit` they are all there are.
    mutating func located(_ source: EventSource, _ page: EventPage, limit: Int, era: Int) {
        guard era == self.era, let isHeard = pending[source] else { return }
        let known = page.entries.last { $0.record.map { $0.timestamp < since } ?? true }
        if known == nil, page.entries.count >= limit, limit < limits.widest {
            urgent.append(.baseline(source, limit: limit * 8, era: era))
            return
        }
        pending[source] = nil
        var position = EventCursor.Position.start
        if let known {
            position = .init(epoch: known.record?.epoch ?? page.epoch, seq: known.seq)
        } else if page.entries.count >= limit, let first = page.entries.first {
            position = .init(epoch: first.record?.epoch ?? page.epoch, seq: first.seq)
        }
        timelines[source] = FeedTimeline(source, at: position, due: 0)
        if isHeard || page.last > position.seq { wantReading(source) }
        settle()
    }

    /// The page of a followed source that was asked for.
    mutating func read(_ source: EventSource, _ page: EventPage, era: Int) {
        guard era == self.era, var timeline = timelines[source], timeline.reading == .underWay else { return }
        let (items, mustRead) = timeline.read(page, limit: limits.page)
        timelines[source] = timeline
        for item in items { pass(FeedItem(item, in: source, epoch: timeline.position.epoch)) }
        if mustRead { wantReading(source) }
    }

    /// The page for a reader's errand.
    mutating func read(for id: ReaderID, _ page: EventPage) {
        guard var reader = readers[id] else { return }
        reader.isReading = false
        _ = reader.take(page, limit: limits.page)
        readers[id] = reader
        call(id)
    }

    /// It could not be read, and is to be tried again.
    mutating func failed(_ job: Job) {
        switch job {
        case .sources(let era), .baseline(_, _, let era): if era == self.era { urgent.append(job) }
        case .timeline(let source, _, let era):
            guard era == self.era else { return }
            timelines[source]?.failed()
            wantReading(source)
        case .errand(let id, _, _): if readers[id] != nil { errands.append(id) }
        }
    }

    // MARK: Steps

    private mutating func listSources() {
        guard !listsSources else { return }
        listsSources = true
        urgent.append(.sources(era: era))
    }

    private mutating func locate(_ source: EventSource, isHeard: Bool) {
        guard timelines.count + pending.count < limits.sources else { return }
        pending[source] = isHeard
        urgent.append(.baseline(source, limit: 8, era: era))
    }

    private mutating func settle() {
        guard pending.isEmpty, !listsSources else { return }
        if state == .starting { state = .running }
        beginReaders()
    }

    mutating func wantReading(_ source: EventSource) {
        if timelines[source]?.wantReading() ?? false { toRead.append(source) }
    }

    private mutating func pass(_ item: FeedItem) {
        ring.append(item)
        for id in resting {
            readers[id]?.isResting = false
            call(id)
        }
        resting.removeAll(keepingCapacity: true)
    }

    mutating func call(_ id: ReaderID) {
        guard readers[id]?.isCalled == false else { return }
        readers[id]?.isCalled = true
        called.append(id)
    }

    /// Forgets everything until somebody comes.
    private mutating func sleep() {
        let limits = limits, lastReader = lastReader, era = era
        self = FeedMachine(limits: limits)
        (self.lastReader, self.era) = (lastReader, era + 1)
    }
}
