import Governance
import MCPWire
import Synchronization
import Testing

@testable import Gateway

@Suite("Requests that are being answered")
struct RunningRequestsTests {
    private let requests = RunningRequests()
    private let stopped = Stopped()

    private func session(_ transport: Session.Transport = .streamable) throws -> Session {
        Session(id: SessionID(), tenant: try #require(TenantName("acme")), principal: .of("a"), transport: transport)
    }

    private func id(_ text: String) throws -> RequestID { try #require(RequestID(raw: Array(text.utf8))) }

    private func begin(_ text: String, in session: Session, as name: String) throws -> Bool {
        requests.begin(try id(text), in: session.id, endsWithSession: session.transport == .sse) { [stopped] in
            stopped.add(name)
        }
    }

    @Test("have ids of their own in their session, where a number is no string, and another session's are no matter")
    func distinct() throws {
        let (one, two) = (try session(), try session())
        #expect(try begin("1", in: one, as: "number"))
        #expect(try begin(#""1""#, in: one, as: "string"))
        #expect(try begin("1", in: two, as: "other"))
        #expect(try !begin("1", in: one, as: "again"))
        requests.end(try id("1"), in: one.id)
        #expect(try begin("1", in: one, as: "later"))
    }

    @Test("are cancelled one by one")
    func cancelled() throws {
        let (one, two) = (try session(), try session())
        for (text, session, name) in [("1", one, "number"), (#""1""#, one, "string"), ("1", two, "other")] {
            #expect(try begin(text, in: session, as: name))
        }
        #expect(requests.cancel(try id(#""1""#), in: one.id))
        #expect(stopped.names == ["string"])
        #expect(!requests.cancel(try id("2"), in: one.id))
        #expect(!requests.cancel(try id("1"), in: SessionID()))
        requests.end(try id("1"), in: two.id)
        #expect(!requests.cancel(try id("1"), in: two.id))
        #expect(stopped.names == ["string"])
    }

    @Test("end with a session that is its stream, and outlive any other")
    func ended() throws {
        let (stream, http) = (try session(.sse), try session())
        #expect(try begin("1", in: stream, as: "one") && begin("2", in: stream, as: "two") && begin("1", in: http, as: "other"))
        requests.ended(stream.id)
        requests.ended(http.id)
        #expect(stopped.names.sorted() == ["one", "two"])
    }
}

/// Keeps the names of what was stopped.
private final class Stopped: Sendable {
    private let kept = Mutex<[String]>([])

    var names: [String] { kept.withLock { $0 } }

    func add(_ name: String) { kept.withLock { $0.append(name) } }
}
