import NIOCore
import Testing

@testable import Upstreams

@Suite("Circuit breaker")
struct BreakerTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func opened() -> Breaker {
        var breaker = Breaker(from: .seconds(1), to: .seconds(8))
        for _ in 0..<Breaker.threshold { breaker.failed("refused", now: start) }
        return breaker
    }

    @Test("failures in a row open it, a success between them does not let it come to that")
    func opens() {
        var breaker = Breaker(from: .seconds(1), to: .seconds(8))
        for _ in 0..<3 {
            for _ in 1..<Breaker.threshold { breaker.failed("refused", now: start) }
            #expect(breaker.admit(now: start) == .pass)
            breaker.succeeded()
        }
        for _ in 0..<Breaker.threshold { breaker.failed("refused", now: start) }
        #expect(breaker.admit(now: start) == .refuse(reason: "refused"))
    }

    @Test("after its pause one call probes, and only one; its success closes it")
    func probes() {
        var breaker = opened()
        let later = start + .seconds(2)
        #expect(breaker.admit(now: later) == .probe)
        #expect(breaker.admit(now: later) == .refuse(reason: "refused"))
        breaker.succeeded()
        #expect(breaker.admit(now: later) == .pass)
    }

    @Test("a failed probe opens it again, a probe that tells nothing leaves its place to the next call")
    func failedProbe() {
        var breaker = opened()
        var now = start + .seconds(2)
        #expect(breaker.admit(now: now) == .probe)
        breaker.probeVoided(now: now)
        #expect(breaker.admit(now: now) == .probe)
        breaker.failed("timed out", now: now)
        now = now + .seconds(9)
        #expect(breaker.admit(now: now) == .probe)
    }

    @Test("an upstream reported down is refused at once, one reported up is served at once")
    func reported() {
        var breaker = Breaker(from: .seconds(1), to: .seconds(8))
        breaker.reportedDown("HTTP 503", now: start)
        let verdict = breaker.admit(now: start)
        #expect(verdict == .refuse(reason: "HTTP 503") || verdict == .probe)
        breaker.succeeded()
        #expect(breaker.admit(now: start) == .pass)
    }
}
