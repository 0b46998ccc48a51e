import Governance
import NIOCore
import NIOPosix
import Testing

@testable import Gateway

@Suite("Calls that wait in their node for their agent", .timeLimit(.minutes(1)))
struct ParkedCallsTests {
    private let parked = ParkedCalls()
    private let call = CallID()
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    private func input(_ relay: CallID = CallID()) -> ParkedCalls.Input { .init(relay: relay, node: NodeID(), responses: [1, 2]) }

    private func open(_ round: Int = 1, stop: @escaping @Sendable () -> Void = {}) {
        parked.open(call, round: round, until: .now + .seconds(60), stop: stop)
    }

    private func relay(of outcome: ParkedCalls.Outcome) -> CallID? { if case .input(let input) = outcome { input.relay } else { nil } }

    @Test("get their agent's input once, whether it comes before they wait or after")
    func once() async {
        for isEarly in [true, false] {
            open()
            let first = input()
            if isEarly { #expect(parked.resume(call, round: 1, first) == .taken) }
            async let outcome = parked.input(of: call, on: loop, within: .seconds(30))
            if !isEarly {
                while parked.resume(call, round: 1, first) != .taken { await Task.yield() }
            }
            #expect(await relay(of: outcome) == first.relay)
            #expect(parked.resume(call, round: 1, first) == .taken, "a repeat of the same")
            #expect(parked.resume(call, round: 1, input()) == .used)
            #expect(parked.resume(call, round: 2, input()) == .expired)
            open(2)
            #expect(parked.resume(call, round: 1, input()) == .used)
            #expect(parked.resume(call, round: 2, input()) == .taken)
            parked.end(call)
            #expect(parked.resume(call, round: 2, input()) == .used)
        }
        #expect(parked.resume(CallID(), round: 1, input()) == .expired)
    }

    @Test("wait no longer than they may, and are over for whoever comes then")
    func nobody() async {
        open()
        guard case .nobody = await parked.input(of: call, on: loop, within: .milliseconds(1)) else {
            Issue.record("somebody")
            return
        }
        #expect(parked.resume(call, round: 1, input()) == .expired)
    }

    @Test("do not wait when they are cancelled, or when the node stops")
    func ends() async {
        open()
        let waiting = Task { if case .nobody = await parked.input(of: call, on: loop, within: .seconds(30)) { true } else { false } }
        waiting.cancel()
        #expect(await waiting.value)
        open(2)
        parked.drain()
        #expect(parked.resume(call, round: 2, input()) == .expired)
        open(3)
        guard case .draining = await parked.input(of: call, on: loop, within: .seconds(30)) else {
            Issue.record("waited in a node that stops")
            return
        }
    }

    @Test("are given up when the agent leaves the request that has taken their round")
    func abandoned() async {
        let running = Task { while !Task.isCancelled { await Task.yield() } }
        open { running.cancel() }
        let taker = input()
        #expect(parked.resume(call, round: 1, taker) == .taken)
        parked.abandon(CallID())
        #expect(!running.isCancelled)
        parked.abandon(taker.relay)
        await running.value
    }

    @Test("what ends a round is kept for who asks again, and what is unknown is said to be")
    func standings() {
        let relays = Relays()
        let relay = CallID()
        #expect(relays.standing(of: relay) == .unknown)
        relays.begin(relay)
        #expect(relays.standing(of: relay) == .alive)
        relays.end(relay, with: .last(status: 200, [1]))
        relays.begin(relay)
        #expect(relays.standing(of: relay) == .last(status: 200, [1]), "a repeated beginning changes nothing")
    }
}
