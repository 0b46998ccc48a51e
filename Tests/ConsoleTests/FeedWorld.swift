import Events
import Foundation
import Governance
import NIOCore

@testable import Console

/// Tenants' streams as Redis keeps them, without a Redis: numbers shared by two streams, books that are lost, streams that are trimmed.
struct FeedWorld {
    struct Books {
        var epoch: String
        var seq: Int64 = 0
        /// Two streams.
        var kept: [[EventPage.Entry]] = [[], []]

        var all: [EventPage.Entry] { (kept[0] + kept[1]).sorted { $0.seq < $1.seq } }
    }

    var books: [EventSource: Books] = [:]
    var clock = 1
    private var epochs = 0

    init(tenants: Int) throws {
        for number in 0..<tenants { books[EventSource(TenantName("t\(number)"))] = Books(epoch: "") }
        books[.none] = Books(epoch: "")
        for source in books.keys where source.isNumbered { reset(source) }
    }

    var sources: [EventSource] { books.keys.sorted() }
    var stamp: String { String(format: "%09d", clock) }

    /// All of the tenant's books are lost, and begun anew.
    mutating func reset(_ source: EventSource) {
        epochs += 1
        books[source] = Books(epoch: "e\(epochs)")
    }

    /// Something happens: it is kept, and comes back as it is published.
    mutating func publish(_ source: EventSource, in stream: Int) -> EventRecord? {
        clock += 1
        guard var own = books[source] else { return nil }
        own.seq = source.isNumbered ? own.seq + 1 : 1_000_000_000_000_000 + Int64(clock) * 7
        let tenant = source.tenant.map { #""tenantId":"\#($0.text)","# } ?? ""
        let json = #"{"type":"x","timestamp":"\#(stamp)",\#(tenant)"seq":\#(own.seq),"epoch":"\#(own.epoch)","data":{}}"#
        let record = EventRecord(Array(json.utf8))
        own.kept[source.isNumbered ? stream : 0].append(.init(seq: own.seq, record: record))
        books[source] = own
        return record
    }

    /// The oldest of a stream go.
    mutating func trim(_ source: EventSource, stream: Int, to count: Int) {
        guard let kept = books[source]?.kept[stream], kept.count > count else { return }
        books[source]?.kept[stream].removeFirst(kept.count - count)
    }

    func page(_ source: EventSource, after seq: Int64, limit: Int) -> EventPage {
        page(source) { Array($0.filter { $0.seq > seq }.prefix(limit)) }
    }

    func newest(_ source: EventSource, limit: Int) -> EventPage { page(source) { Array($0.suffix(limit)) } }

    private func page(_ source: EventSource, _ choose: ([EventPage.Entry]) -> [EventPage.Entry]) -> EventPage {
        let own = books[source] ?? Books(epoch: "")
        let all = own.all
        return EventPage(
            entries: choose(all), epoch: own.epoch, horizon: own.kept.compactMap(\.first?.seq).max() ?? 0, last: all.last?.seq ?? 0)
    }
}

/// A client that keeps its cursor as it is told to, and says what is wrong with what it is sent.
struct FeedClient {
    private struct Gap: Decodable {
        struct Data: Decodable {
            let from: Int64?
            let to: Int64
        }
        let type: String
        let tenantId: String?
        let seq: Int64?
        let epoch: String?
        let data: Data
    }

    private(set) var cursor = EventCursor()
    private(set) var events = 0
    private(set) var gaps = 0
    private(set) var wrong: [String] = []
    private var excused: [EventSource: Int64] = [:]

    mutating func begin(_ cursor: EventCursor, isFirst: Bool) { if isFirst { self.cursor = cursor } }

    mutating func take(_ item: FeedItem) {
        let text = Array(item.text.readableBytesView)
        guard let record = EventRecord(text), let seq = record.seq else { return gap(text) }
        events += 1
        let last = cursor.positions[record.source] ?? .start
        if last.seq > 0, last.epoch != record.epoch { wrong.append("\(record.source): other books without a gap, \(last) then \(seq)") }
        if seq <= last.seq { wrong.append("\(record.source): \(seq) after \(last.seq)") }
        if record.source.isNumbered, seq > max(last.seq, excused[record.source] ?? 0) + 1 {
            wrong.append("\(record.source): \(last.seq) then \(seq) without a gap")
        }
        cursor.positions[record.source] = .init(epoch: record.epoch, seq: seq)
    }

    private mutating func gap(_ text: [UInt8]) {
        guard let gap = try? JSONDecoder().decode(Gap.self, from: Data(text)), gap.type == "gap",
            let source = EventSource(gap.tenantId ?? "_")
        else { return wrong.append("no event: \(String(decoding: text, as: UTF8.self))") }
        gaps += 1
        excused[source] = max(gap.data.to, excused[source] ?? 0)
        guard gap.data.from == nil else { return }
        excused[source] = 0
        cursor.positions[source] = .init(epoch: gap.epoch ?? "", seq: gap.seq ?? 0)
    }
}

/// A small generator whose walks can be walked again.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
