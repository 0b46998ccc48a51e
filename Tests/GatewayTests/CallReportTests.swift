import Governance
import MCPWire
import Testing
import Upstreams

@testable import Gateway

@Suite("What is recorded of a call")
struct CallReportTests {
    private let upstream: UpstreamName

    init() throws { upstream = try #require(UpstreamName("search")) }

    @Test("is read back as it was: an answer byte for byte and of its era", arguments: [Dialect.Kind.legacy, .modern])
    func answers(_ era: Dialect.Kind) throws {
        let bytes = Array(#"{"jsonrpc":"2.0","id":7,"result":{"content":[],"x" : "é\u0020"}}"#.utf8)
        let report = CallReport.answer(try Answer(Message(bytes), era: era))
        guard case .answer(let answer) = try #require(CallReport(report.bytes)) else { return #expect(Bool(false), "no answer") }
        #expect(answer.message.bytes == bytes && answer.era == era && report.refusal == nil)
    }

    @Test("is read back as it was: a failure with its reason")
    func failures() throws {
        let failures: [CallReport.Failure] = [.timedOut, .cancelled, .broken(reason: "reset by the upstream"), .broken(reason: "")]
        for failure in failures {
            let report = CallReport.failure(failure, upstream)
            guard case .failure(let read, let name)? = CallReport(report.bytes) else { return #expect(Bool(false), "\(failure)") }
            #expect(read == failure && name == upstream)
        }
    }

    @Test("is told again in the words in which it was told first")
    func refusals() {
        func told(_ failure: UpstreamFailure, isCancelled: Bool = false) -> [UInt8]? {
            CallReport(CallReport(failure, of: upstream, isCancelled: isCancelled).bytes)?.refusal?.fault
                .answer(to: RequestID(1), era: .modern, toolCall: true).body
        }
        func first(_ failure: UpstreamFailure) -> [UInt8] {
            Refusal.upstream(failure, upstream).fault.answer(to: RequestID(1), era: .modern, toolCall: true).body
        }
        #expect(told(.timedOut) == first(.timedOut))
        #expect(told(.broken(reason: "cut off")) == first(.broken(reason: "cut off")))
        #expect(told(.broken(reason: "cut off"), isCancelled: true) != first(.broken(reason: "cut off")))
    }

    @Test(
        "that no version has written is none",
        arguments: ["", "m", "m{}", "h[]", #"m{"jsonrpc":"2.0","id":1,"method":"x"}"#, "t", "tA", "t search", "b", "bsearch", "c ", "x"])
    func unreadable(_ text: String) {
        #expect(CallReport(Array(text.utf8)) == nil)
    }
}
