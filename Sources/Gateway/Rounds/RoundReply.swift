import Governance
import NIOCore
import NIOHTTP1

/// Where the messages of a call go whose agent has no session: to the request that made it, and behind each question to the request that
/// answers it. Between them nobody is there.
final class RoundReply: MessageReply {
    private var receiver: (any MessageReply)?
    /// The connection of the first request; nil once that has ended.
    private var connection: HTTPReply?
    /// Gives the call up; may be called on any thread.
    let stop: @Sendable () -> Void
    /// Rounds that the agent was asked for so far.
    private(set) var number = 0

    init(_ first: StatelessReply, on connection: HTTPReply) {
        receiver = first
        self.connection = connection
        stop = connection.stop
    }

    func notify(_ message: [UInt8], until deadline: NIODeadline) async { await receiver?.notify(message, until: deadline) }

    func finish(_ message: [UInt8], status: Int, headers: HTTPHeaders) async {
        let last = receiver
        receiver = nil
        await last?.finish(message, status: status, headers: headers)
    }

    func abandon() async {
        let last = receiver
        receiver = nil
        await last?.abandon()
    }

    /// The loss of the first request's connection does not end the call any more.
    func outliveConnection() { connection?.endsWithConnection = false }

    /// Begins the next round: the call goes on when the request at hand has ended.
    func begin() -> Int {
        connection?.endsWithConnection = false
        connection = nil
        number += 1
        return number
    }

    /// The agent has come back.
    func goOn(to reply: RelayedReply) { receiver = reply }
}
