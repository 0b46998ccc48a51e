import Governance
import MCPWire
import NIOCore
import NIOHTTP1

/// A POST of several messages: its requests run at once, each governed by itself, and each is answered by itself.
struct BatchExchange {
    let gateway: Gateway
    let reply: HTTPReply

    /// Takes all messages of the agent; one that cannot be read is answered like a request.
    func run(_ batch: Batch, as agent: Agent) async throws(Rejection) {
        guard agent.dialect?.takesBatches == true else { throw .batchNotTaken }
        let requests = batch.entries.filter { entry in (try? entry.get().kind == .request) ?? true }
        for case .success(let message) in batch.entries where message.kind != .request {
            try await OneWayExchange(gateway: gateway, agent: agent).take(message)
        }
        guard !requests.isEmpty else { return reply.send(.accepted) }
        let ids = requests.compactMap { (try? $0.get())?.id }
        let post = PostReply(reply, gateway: gateway, agent: agent, requests: ids)
        let answers = NIOLoopBound(BatchReply(post, answering: requests.count), eventLoop: reply.eventLoop)
        await withTaskGroup { [gateway] group in
            for request in requests {
                group.addTask { await Self.answer(request, for: agent, of: gateway, over: answers) }
            }
        }
    }

    private static func answer(
        _ request: Result<Message, WireError>, for agent: Agent, of gateway: Gateway, over answers: NIOLoopBound<BatchReply>
    ) async {
        switch request {
        case .success(let message): await answer(message, for: agent, of: gateway, over: answers)
        case .failure(let error):
            await answers.value.finish(Fault(error).answer(to: error.id, era: .legacy, toolCall: false).body, answering: error.id)
        }
    }

    /// Answers a request that the agent may cancel without the others.
    private static func answer(
        _ request: Message, for agent: Agent, of gateway: Gateway, over answers: NIOLoopBound<BatchReply>
    ) async {
        let (stops, feed) = AsyncStream.makeStream(of: Void.self)
        await withTaskGroup { group in
            group.addTask {
                let part = BatchPart(answers.value, answering: request.id)
                await RequestExchange(gateway: gateway, agent: agent, reply: part) { feed.yield() }.answer(request)
            }
            group.addTask { for await _ in stops { return } }
            await group.next()
            group.cancelAll()
        }
    }
}
