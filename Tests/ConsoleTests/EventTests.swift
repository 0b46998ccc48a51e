import Events
import Governance
import Testing

@testable import Console

@Suite("Events as they are read")
struct EventTests {
    private func record(_ json: String) -> EventRecord? { EventRecord(Array(json.utf8)) }

    @Test("an envelope tells whose an event is, where it stands and what it is")
    func envelope() throws {
        let whole = try #require(
            record(
                #"{"type":"tool_call","timestamp":"2026-01-01T00:00:00.000Z","sessionId":"s","tenantId":"acme","seq":7,"epoch":"e","data":{"a":1}}"#
            ))
        #expect(whole.source.text == "acme" && whole.seq == 7 && whole.epoch == "e" && whole.type == "tool_call" && !whole.isUnenforced)
        let bare = try #require(record(#"{"type":"x","timestamp":"t","epoch":"","data":{}}"#))
        #expect(bare.source == .none && bare.seq == nil)
        let stray = try #require(record(#"{"type":"x","timestamp":"t","tenantId":"acme","seq":1764000000000000,"epoch":"","data":{}}"#))
        #expect(stray.source == .none, "its tenant's streams could not take it")
        let lenient = try #require(record(#"{"type":"x","timestamp":"t","data":{"text":"\"enforced\":true","enforced":false}}"#))
        #expect(lenient.isUnenforced)
        let quoted = try #require(record(#"{"type":"x","timestamp":"t","data":{"text":"\"enforced\":false"}}"#))
        #expect(!quoted.isUnenforced)
        for odd in [
            "", "{", "[]", "x", #"{"type":"x"}"#, #"{"type":"x","timestamp":"t","tenantId":"No Name","data":{}}"#,
            #"{"type":"x","seq":-1}"#,
            #"{"type":"x","timestamp":"t","seq":99999999999999999999,"data":{}}"#, #"{"type":"a\"b","timestamp":"t","data":{}}"#,
            #"{"type":"x","timestamp":"t""#, #"{"type"#,
        ] { #expect(record(odd) == nil, "\(odd)") }
    }

    @Test("a cursor reads back as it is written, and nothing else is one")
    func cursor() throws {
        for text in ["", "acme@e-1", "_@-1764000000000000,a.b-c@0a-0,t@-3"] {
            #expect(try #require(EventCursor(text)).text == text)
        }
        #expect(EventCursor("acme@e-1,acme@e-2")?.text == "acme@e-2", "the last counts")
        for odd in [
            "acme", "acme@e", "acme-1", "@e-1", "acme@e-", "acme@e--", "acme@e-x", "No@e-1", "acme@e e-1", "acme@e-99999999999999999999",
            String(repeating: "x", count: 1 << 17),
        ] { #expect(EventCursor(odd) == nil, "\(odd.prefix(40))") }
    }

    @Test("a question is read from its parameters, each of which may be a list or stand again")
    func query() throws {
        let query = try FeedQuery(target: "/api/v1/events?tenant=acme,other&tenant=_&type=a%5Fb&enforced=false&after=acme@e-1")
        #expect(query.filter.sources?.map(\.text).sorted() == ["_", "acme", "other"])
        #expect(query.filter.types == ["a_b"] && query.filter.onlyUnenforced && query.after?.text == "acme@e-1")
        #expect(try FeedQuery(target: "/api/v1/events?after=").after == EventCursor())
        #expect(try FeedQuery(target: "/api/v1/events").after == nil)
        for odd in ["tenant=A", "type=A", "enforced=true", "after=x", "limit=1"] {
            #expect(throws: Problem.self) { try FeedQuery(target: "/api/v1/events?\(odd)") }
        }
    }

    @Test("streams that have lost their last events, in the same books, are one gap after which what was left is no news")
    func rolledBack() throws {
        var world = try FeedWorld(tenants: 1)
        let source = try #require(world.sources.last)
        for _ in 0..<5 { _ = world.publish(source, in: 0) }
        var walk = EventWalk(source, from: .init(epoch: "e1", seq: 9))
        let lost = walk.take(world.page(source, after: walk.after, limit: 10), limit: 10)
        #expect(lost.items == [.gap(from: nil, to: 5)] && !lost.hasMore)
        let next = world.publish(source, in: 1)
        let more = walk.take(world.page(source, after: walk.after, limit: 10), limit: 10)
        #expect(more.items == [.event(try #require(next))])
    }

    @Test("of other books with many events, which Redis may have lost only the last of, a gap and the newest are passed")
    func othersWithMany() throws {
        var world = try FeedWorld(tenants: 1)
        let source = try #require(world.sources.last)
        let all = Int(EventWalk.mostRepeated) + 100
        var last: EventRecord?
        for _ in 0..<all { last = world.publish(source, in: 0) }
        var walk = EventWalk(source, from: .init(epoch: "other", seq: 50))
        var items: [EventWalk.Item] = []
        while true {
            let taken = walk.take(world.page(source, after: walk.after, limit: 1_000), limit: 1_000)
            items += taken.items
            if !taken.hasMore { break }
        }
        let first = try #require(items.first)
        guard case .gap(nil, let to) = first else { return #expect(Bool(false), "\(first)") }
        #expect(items.count - 1 == all - Int(to) && (99...100).contains(to))
        #expect(items.last == .event(try #require(last)) && walk.resets == 1 && walk.position.epoch == "e1")
    }

    @Test("books that have begun after the tenant's first events are no other books: their numbers go on")
    func opened() throws {
        var world = try FeedWorld(tenants: 1)
        let source = try #require(world.sources.last)
        world.books[source]?.epoch = ""
        for _ in 0..<3 { _ = world.publish(source, in: 0) }
        world.books[source]?.epoch = "new"
        for _ in 0..<3 { _ = world.publish(source, in: 1) }
        var walk = EventWalk(source, from: .init(epoch: "", seq: 2))
        let taken = walk.take(world.page(source, after: walk.after, limit: 10), limit: 10)
        #expect(taken.items.count == 4 && walk.resets == 0 && walk.position == .init(epoch: "new", seq: 6))
    }
}
