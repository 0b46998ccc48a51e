import Governance
import Testing

@testable import Gateway

@Suite("The drain of a node")
struct DrainTests {
    private static func terms(announce: Int64 = 5000, grace: Int64 = 60_000) -> DrainTerms {
        var terms = DrainTerms()
        (terms.announce, terms.grace) = (announce, grace)
        return terms
    }

    @Test("announces, then takes nothing new, and is over when nothing is under way")
    func course() {
        var drain = Drain(Self.terms())
        #expect(drain.phase == .serving && drain.deadline == nil)
        #expect(drain.take(.asked, at: 100) == [.announce])
        #expect(drain.phase == .announcing && drain.deadline == 5100)
        #expect(drain.take(.idle, at: 200) == [], "whoever comes now is served")
        #expect(drain.take(.passed, at: 5099) == [])
        #expect(drain.take(.passed, at: 5100) == [.finish])
        #expect(drain.phase == .finishing && drain.deadline == 57_100)
        #expect(drain.take(.idle, at: 6000) == [.close])
        #expect(drain.phase == .over && drain.deadline == nil)
    }

    @Test("cuts what is under way so long before the end of the grace that all can be told and written")
    func cut() {
        var drain = Drain(Self.terms())
        _ = drain.take(.asked, at: 0)
        _ = drain.take(.passed, at: 5000)
        #expect(drain.take(.passed, at: 56_999) == [])
        #expect(drain.take(.passed, at: 57_000) == [.cut])
        #expect(drain.phase == .cutting && drain.deadline == 58_000)
        #expect(drain.take(.passed, at: 57_999) == [])
        #expect(drain.take(.passed, at: 58_000) == [.close])
        #expect(drain.phase == .over)
    }

    @Test("without time for announcing takes nothing new at once")
    func unannounced() {
        var drain = Drain(Self.terms(announce: 0))
        #expect(drain.take(.asked, at: 7) == [.announce, .finish])
        #expect(drain.take(.asked, at: 8) == [])
        #expect(drain.take(.idle, at: 8) == [.close])
    }

    @Test("hurried it waits for nothing but what is about to end")
    func hurried() {
        var drain = Drain(Self.terms())
        _ = drain.take(.asked, at: 0)
        #expect(drain.take(.hurried, at: 1000) == [.finish])
        #expect(drain.deadline == 1500)
        #expect(drain.take(.hurried, at: 1400) == [])
        #expect(drain.deadline == 1500, "to be hurried again puts nothing off")
        #expect(drain.take(.passed, at: 1500) == [.cut])
        #expect(drain.take(.idle, at: 1600) == [.close])

        var finishing = Drain(Self.terms())
        for (input, time) in [(Drain.Input.asked, Int64(0)), (.passed, 5000)] { _ = finishing.take(input, at: time) }
        #expect(finishing.take(.hurried, at: 6000) == [])
        #expect(finishing.take(.passed, at: 6500) == [.cut])

        var serving = Drain(Self.terms())
        #expect(serving.take(.hurried, at: 0) == [.announce, .finish], "the signals came at once")
        #expect(serving.take(.asked, at: 0) == [])
        #expect(serving.take(.passed, at: 500) == [.cut])
    }

    @Test("is over before the grace is, however short", arguments: [1000, 1500, 4000, 12_000, 60_000], [Int64(0), 900])
    func short(grace: Int64, announce: Int64) {
        var drain = Drain(Self.terms(announce: announce, grace: grace))
        _ = drain.take(.asked, at: 0)
        var (now, seen) = (Int64(0), [Drain.Phase]())
        while drain.phase != .over, let deadline = drain.deadline, now <= grace {
            now = deadline
            if seen.last != drain.phase { seen.append(drain.phase) }
            _ = drain.take(.passed, at: now)
        }
        #expect(drain.phase == .over && now <= grace)
        #expect(seen.last == .cutting)
    }

    @Test("a stream goes only between two requests of its session")
    func between() {
        let calls = StreamCalls()
        let session = SessionID()
        #expect(calls.enter(session) && calls.enter(session))
        calls.leave(session)
        #expect(!calls.part(session))
        calls.leave(session)
        #expect(calls.part(session))
        #expect(!calls.enter(session))
        calls.stay(session)
        #expect(calls.enter(session))
    }
}
