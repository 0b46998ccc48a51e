import MCPWire
import NIOCore
import NIOHTTP1

/// The reply to several requests: one array of all answers, or events on the POST's own stream once something came ahead of an answer.
/// Belongs to an event loop.
final class BatchReply {
    private let post: PostReply
    /// Events go out one after the other, whoever they come from.
    private let turn = AsyncSlots(1)
    private var unsent: [(id: RequestID?, message: [UInt8])] = []
    private var missing: Int

    init(_ post: PostReply, answering count: Int) {
        self.post = post
        missing = count
    }

    /// Sends a message that comes ahead of an answer, and behind it the answers that there are already.
    func notify(_ message: [UInt8], until deadline: NIODeadline) async {
        await turn.take()
        await post.notify(message, until: deadline)
        await sendAnswers()
        turn.giveBack()
    }

    /// Takes the answer to one of the requests; the last one ends the reply.
    func finish(_ message: [UInt8], answering id: RequestID?) async {
        unsent.append((id, message))
        missing -= 1
        await turn.take()
        await sendAnswers()
        turn.giveBack()
    }

    /// One of the requests gets no answer.
    func abandon(_ id: RequestID?) async {
        missing -= 1
        await turn.take()
        post.leaveUnanswered(id)
        if missing == 0, unsent.isEmpty { await post.abandon() } else { await sendAnswers() }
        turn.giveBack()
    }

    private func sendAnswers() async {
        if !post.hasBegun {
            guard missing == 0, !unsent.isEmpty else { return }
            let body = Batch.joined(unsent.map(\.message))
            unsent = []
            return await post.finish(body)
        }
        while !unsent.isEmpty {
            let (id, message) = unsent.removeFirst()
            if missing == 0, unsent.isEmpty { await post.finish(message) } else { await post.answer(id, message) }
        }
    }
}

/// Where the messages of one request of a batch go.
final class BatchPart: MessageReply {
    private let batch: BatchReply
    private let id: RequestID?

    init(_ batch: BatchReply, answering id: RequestID?) {
        self.batch = batch
        self.id = id
    }

    func notify(_ message: [UInt8], until deadline: NIODeadline) async { await batch.notify(message, until: deadline) }

    func finish(_ message: [UInt8], status: Int, headers: HTTPHeaders) async { await batch.finish(message, answering: id) }

    func abandon() async { await batch.abandon(id) }
}
