import Governance
import Logging
import NIOCore
import NIOHTTP1

/// Where the messages of a call go whose agent has come back at some node: there, which puts them on the request's own reply.
final class RelayedReply: MessageReply {
    private let gateway: Gateway
    private let input: ParkedCalls.Input

    init(_ gateway: Gateway, to input: ParkedCalls.Input) {
        self.gateway = gateway
        self.input = input
    }

    func notify(_ message: [UInt8], until deadline: NIODeadline) async { await send(.ahead(message)) }

    func finish(_ message: [UInt8], status: Int, headers: HTTPHeaders) async {
        let last = RelayMessage.Content.last(status: status, message)
        gateway.relays.end(input.relay, with: last)
        await send(last)
    }

    func abandon() async {}

    private func send(_ content: RelayMessage.Content) async {
        do throws(StoreError) {
            // A node that is gone has lost its agent too.
            if try await !gateway.send(RelayMessage(input.relay, content), to: input.node) { gateway.parked.abandon(input.relay) }
        } catch {
            gateway.logger.warning("a call's message did not reach its agent's node", metadata: ["error": "\(error)"])
        }
    }
}

extension Gateway {
    /// Says something to the other node of a relay; false when no such node listens.
    func send(_ message: RelayMessage, to other: NodeID) async throws(StoreError) -> Bool {
        guard other == node else { return try await bus.relay(message, to: other) }
        received(message)
        return true
    }

    package func received(_ message: RelayMessage) {
        let relay = message.relay
        switch message.content {
        case .resume(let asker, let call, let round, let responses):
            let input = ParkedCalls.Input(relay: relay, node: asker, responses: responses)
            // Known before the call goes on, which may be at once.
            relays.begin(relay)
            let taking = parked.resume(call, round: round, input)
            guard taking != .taken else { return }
            relays.end(relay, with: .refused(taking))
            reply(.refused(taking), in: relay, to: asker)
        case .poll(let asker): reply(relays.standing(of: relay), in: relay, to: asker)
        case .abandon: parked.abandon(relay)
        case .ahead, .last, .alive, .unknown, .refused: relays.deliver(.message(message.content), to: relay)
        }
    }

    private func reply(_ content: RelayMessage.Content, in relay: CallID, to asker: NodeID) {
        if asker == node { return relays.deliver(.message(content), to: relay) }
        start { [self] in _ = try? await send(RelayMessage(relay, content), to: asker) }
    }
}
