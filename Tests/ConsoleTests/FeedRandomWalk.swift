import Events
import Governance

@testable import Console

/// Two nodes' feeds over one world, clients that come, go and change nodes, and everything between them unreliable.
struct FeedRandomWalk {
    private struct Node {
        var machine: FeedMachine
        /// Published, not yet heard.
        var wire: [EventRecord] = []
        var isSubscribed = false
        /// Asked, or answered and on the way.
        var asked: [FeedMachine.Job] = []
        var answered: [(job: FeedMachine.Job, page: EventPage?)] = []
    }

    private struct Visitor {
        var client = FeedClient()
        var place: (node: Int, reader: Int)?
        var isFirst = true
        let filter: EventFilter
    }

    private var random: SeededRandom
    private var world: FeedWorld
    private var nodes: [Node]
    private var visitors: [Visitor]
    private let resets, trims: Bool
    private var time: Int64 = 0

    var wrong: [String] { visitors.flatMap(\.client.wrong) + unfinished }
    var events: Int { visitors.reduce(0) { $0 + $1.client.events } }
    var gaps: Int { visitors.reduce(0) { $0 + $1.client.gaps } }
    private var unfinished: [String] = []

    init(seed: UInt64, resets: Bool, trims: Bool) throws {
        random = SeededRandom(state: seed)
        world = try FeedWorld(tenants: 3)
        (self.resets, self.trims) = (resets, trims)
        var limits = FeedLimits()
        limits.ringItems = 24
        limits.page = 7
        limits.batch = 5
        limits.linger = 8_000
        nodes = (0..<2).map { _ in Node(machine: FeedMachine(limits: limits)) }
        let one = EventSource(TenantName("t1"))
        visitors = (0..<6).map { Visitor(filter: $0 == 5 ? EventFilter(sources: [one]) : EventFilter()) }
    }

    mutating func run(steps: Int) throws {
        for _ in 0..<steps { step() }
        for _ in 0..<400 { settle() }
        finish()
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func step() {
        let node = Int.random(in: 0..<nodes.count, using: &random)
        let visitor = Int.random(in: 0..<visitors.count, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case ..<30: happen()
        case ..<55: hear(node)
        case ..<62: ask(node)
        case ..<70: execute(node)
        case ..<78: answer(node)
        case ..<92: take(visitor)
        case ..<94: leave(visitor)
        case ..<97: enter(visitor, node)
        case 97: tick()
        case 98: subscribe(node)
        default: trouble(node)
        }
    }

    private mutating func happen() {
        guard let source = world.sources.randomElement(using: &random) else { return }
        guard let record = world.publish(source, in: Int.random(in: 0...1, using: &random)) else { return }
        for node in nodes.indices where nodes[node].isSubscribed { nodes[node].wire.append(record) }
    }

    private mutating func hear(_ node: Int) {
        guard nodes[node].machine.isWanted else { return nodes[node].wire.removeAll() }
        guard !nodes[node].wire.isEmpty else { return }
        // Mostly the next; now and then one is lost, doubled, or comes early.
        let place = chance(3) ? Int.random(in: 0..<nodes[node].wire.count, using: &random) : 0
        let record = chance(3) ? nodes[node].wire[place] : nodes[node].wire.remove(at: place)
        if !chance(4) { nodes[node].machine.heard(record) }
    }

    private mutating func ask(_ node: Int) { nodes[node].asked += nodes[node].machine.takeJobs(3) }

    private mutating func execute(_ node: Int) {
        guard !nodes[node].asked.isEmpty else { return }
        let job = nodes[node].asked.remove(at: Int.random(in: 0..<nodes[node].asked.count, using: &random))
        let limit = nodes[node].machine.limits.page
        let page: EventPage? =
            switch job {
            case .sources: nil
            case .baseline(let source, let limit, _): world.newest(source, limit: limit)
            case .timeline(let source, let after, _): world.page(source, after: after, limit: limit)
            case .errand(_, let source, let after): world.page(source, after: after, limit: limit)
            }
        nodes[node].answered.append((job, page))
    }

    private mutating func answer(_ node: Int) {
        guard !nodes[node].answered.isEmpty else { return }
        let (job, page) = nodes[node].answered.remove(at: Int.random(in: 0..<nodes[node].answered.count, using: &random))
        if chance(5) { return nodes[node].machine.failed(job) }
        switch (job, page) {
        case (.sources(let era), _): nodes[node].machine.listed(world.sources, era: era)
        case (.baseline(let source, let limit, let era), let page?): nodes[node].machine.located(source, page, limit: limit, era: era)
        case (.timeline(let source, _, let era), let page?): nodes[node].machine.read(source, page, era: era)
        case (.errand(let id, _, _), let page?): nodes[node].machine.read(for: id, page)
        default: break
        }
    }

    private mutating func take(_ visitor: Int) {
        guard let place = visitors[visitor].place else { return }
        switch nodes[place.node].machine.take(place.reader) {
        case .nothing: break
        case .greeting(let cursor):
            visitors[visitor].client.begin(cursor, isFirst: visitors[visitor].isFirst)
            visitors[visitor].isFirst = false
        case .items(let items): for item in items { visitors[visitor].client.take(item) }
        case .tooSlow: leave(visitor)
        }
    }

    private mutating func leave(_ visitor: Int) {
        if let place = visitors[visitor].place { nodes[place.node].machine.close(place.reader) }
        visitors[visitor].place = nil
    }

    private mutating func enter(_ visitor: Int, _ node: Int) {
        guard visitors[visitor].place == nil else { return }
        let cursor = visitors[visitor].isFirst ? nil : visitors[visitor].client.cursor
        visitors[visitor].place = (node, nodes[node].machine.open(visitors[visitor].filter, after: cursor))
    }

    private mutating func tick() {
        time += 1_000
        for node in nodes.indices {
            nodes[node].machine.tick(now: time) { 0.5 }
            if !nodes[node].machine.isWanted { nodes[node].isSubscribed = false }
        }
    }

    /// The subscription is there, for the first time or anew: what was on the way to the old one is lost.
    private mutating func subscribe(_ node: Int) {
        guard nodes[node].machine.isWanted else { return }
        nodes[node].wire.removeAll()
        nodes[node].isSubscribed = true
        nodes[node].machine.ready(time: world.stamp)
    }

    private mutating func trouble(_ node: Int) {
        guard let source = world.sources.filter(\.isNumbered).randomElement(using: &random) else { return }
        if resets, chance(20) { world.reset(source) }
        if trims, chance(30) { world.trim(source, stream: 0, to: 12) }
        if chance(20) { nodes[node].isSubscribed = false }
    }

    /// Everything works for a while.
    private mutating func settle() {
        for node in nodes.indices {
            if !nodes[node].isSubscribed { subscribe(node) }
            while !nodes[node].wire.isEmpty, nodes[node].machine.isWanted { nodes[node].machine.heard(nodes[node].wire.removeFirst()) }
            for _ in 0..<4 { ask(node) }
            while !nodes[node].asked.isEmpty { execute(node) }
            while !nodes[node].answered.isEmpty { answer(node) }
        }
        for visitor in visitors.indices {
            if visitors[visitor].place == nil { enter(visitor, visitor % nodes.count) }
            for _ in 0..<4 { take(visitor) }
        }
        tick()
    }

    private mutating func finish() {
        for visitor in visitors {
            for source in world.sources where visitor.filter.wants(source) {
                guard let last = world.books[source]?.all.last, let record = last.record else { continue }
                let position = visitor.client.cursor.positions[source] ?? .start
                if position != .init(epoch: record.epoch, seq: last.seq) {
                    unfinished.append("\(source): stopped at \(position), there is \(record.epoch) \(last.seq)")
                }
            }
        }
    }
}
