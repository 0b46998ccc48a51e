import NIOCore
import Testing

@testable import Redis

@Suite("which commands share a WAIT")
struct WaitBatchesTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let one = RedisValue.integer(1)

    /// Batches, and shorthands for what happens to them.
    private final class Subject {
        private var batches = WaitBatches<String>()
        private let start: NIODeadline
        private(set) var number = 0

        init(_ start: NIODeadline) { self.start = start }

        var nextExpiry: NIODeadline? { batches.nextExpiry }

        @discardableResult
        func submit(_ item: String, timeout: Int64 = 100, for time: TimeAmount = .seconds(2)) -> Bool {
            batches.submit(item, timeout: timeout, deadline: start + time)
        }

        /// The commands sent, and the WAIT's timeout.
        @discardableResult
        func flush() -> String? {
            guard let flush = batches.flush() else { return nil }
            number = flush.number
            return flush.members.map(\.item).joined() + " \(flush.timeout)"
        }

        @discardableResult
        func answered(_ index: Int, _ result: Result<RedisValue, RedisError>, of number: Int? = nil) -> String? {
            batches.answered(index, of: number ?? self.number, by: result).map { "\($0.item) \($0.error.label)" }
        }

        func acknowledged(_ result: Result<RedisValue, RedisError>) -> [String] { text(batches.acknowledged(by: result)) }
        func expire(after time: TimeAmount) -> [String] { text(batches.expire(now: start + time)) }
        func stop() -> [String] { batches.stop() }

        private func text(_ told: WaitBatches<String>.Told) -> [String] {
            told.map { item, result in
                switch result {
                case .success(let reply): "\(item) \(reply.value.number ?? -1) on \(reply.replicas)"
                case .failure(let error): "\(item) \(error.label)"
                }
            }
        }
    }

    @Test("what comes in one turn goes in one batch, what comes while it waits in the next, behind the longest of their timeouts")
    func gathering() {
        let batches = Subject(start)
        #expect(batches.submit("a"))
        #expect(!batches.submit("b", timeout: 300))
        #expect(batches.flush() == "ab 300")
        #expect(batches.flush() == nil)
        #expect(!batches.submit("c", timeout: 50))
        #expect(batches.flush() == nil)
        batches.answered(0, .success(one))
        batches.answered(1, .success(.integer(2)))
        #expect(batches.acknowledged(.success(.integer(3))) == ["a 1 on 3", "b 2 on 3"])
        #expect(batches.flush() == "c 50")
        #expect(batches.submit("d") == false)
    }

    @Test("a command that failed is told so at once; the others still wait for the replicas")
    func failures() {
        let batches = Subject(start)
        for item in ["a", "b", "c"] { batches.submit(item) }
        batches.flush()
        #expect(batches.answered(0, .success(.error("NOSCRIPT no"))) == "a server_error")
        #expect(batches.answered(1, .failure(.unavailable("no reply in time"))) == "b unavailable")
        #expect(batches.answered(1, .success(one)) == nil)
        #expect(batches.answered(2, .success(one)) == nil)
        #expect(batches.acknowledged(.success(.integer(0))) == ["c 1 on 0"])
    }

    @Test(
        "a WAIT without an answer leaves unknown who has what was written",
        arguments: [.failure(.unavailable("gone")), .success(.error("NOPERM no")), .success(.null)] as [Result<RedisValue, RedisError>])
    func unanswered(_ result: Result<RedisValue, RedisError>) {
        let batches = Subject(start)
        batches.submit("a")
        batches.flush()
        batches.answered(0, .success(one))
        #expect(batches.acknowledged(result) == ["a unavailable"])
    }

    @Test("a reply to a batch that is over is nobody's")
    func late() {
        let batches = Subject(start)
        batches.submit("a")
        batches.flush()
        let first = batches.number
        #expect(batches.acknowledged(.failure(.notSent("full"))) == ["a unavailable"])
        batches.submit("b")
        batches.flush()
        batches.answered(0, .success(one), of: first)
        batches.answered(0, .success(.integer(7)))
        #expect(batches.acknowledged(.success(.integer(1))) == ["b 7 on 1"])
    }

    @Test("nobody waits past its deadline, sent or not")
    func expiry() {
        let batches = Subject(start)
        batches.submit("a", for: .milliseconds(50))
        batches.submit("b")
        batches.flush()
        batches.submit("c", for: .milliseconds(40))
        #expect(batches.nextExpiry == start + .milliseconds(40))
        batches.answered(0, .success(one))
        batches.answered(1, .success(one))
        #expect(batches.expire(after: .milliseconds(50)) == ["c not_sent", "a unavailable"])
        #expect(batches.acknowledged(.success(one)) == ["b 1 on 1"])
        #expect(batches.nextExpiry == nil)
    }

    @Test("stopping hands back what was never sent")
    func stop() {
        let batches = Subject(start)
        batches.submit("a")
        batches.flush()
        batches.submit("b")
        #expect(batches.stop() == ["b"])
    }
}
