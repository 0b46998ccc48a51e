import NIOCore

/// A few questions to a server, whatever its role, over a connection of their own that is closed with the last answer. Used only on its loop.
final class Inquiry {
    private let commands: [[RedisArgument]]
    private var replies: [RedisValue] = []
    private let promise: EventLoopPromise<[RedisValue]>
    private var connection: ConnectionHandler?
    private var isOver = false

    private init(_ commands: [[RedisArgument]], _ promise: EventLoopPromise<[RedisValue]>) {
        self.commands = commands
        self.promise = promise
    }

    /// The replies in their order, those to AUTH first where it is sent; nil where they do not come in time. An error is a reply.
    static func ask(
        _ address: ServerAddress, _ questions: [[RedisArgument]], by dialer: Dialer, on loop: any EventLoop, within limit: TimeAmount
    ) async -> [RedisValue]? {
        let promise = loop.makePromise(of: [RedisValue].self)
        loop.execute {
            let inquiry = Inquiry(greeting(by: dialer) + questions, promise)
            let timer = loop.assumeIsolated().scheduleTask(in: limit) { inquiry.end(.notSent("no answer in time")) }
            promise.futureResult.assumeIsolated().whenComplete { _ in timer.cancel() }
            dialer.dial(address, for: inquiry, on: loop).assumeIsolated().whenFailure { inquiry.end(.notSent("cannot connect: \($0)")) }
        }
        return (try? await promise.futureResult.get())?.suffix(questions.count)
    }

    private static func greeting(by dialer: Dialer) -> [[RedisArgument]] {
        dialer.credentials.map { [$0.command] } ?? []
    }

    private func end(_ error: RedisError?) {
        guard !isOver else { return }
        isOver = true
        connection?.close()
        connection = nil
        if let error { promise.fail(error) } else { promise.succeed(replies) }
    }
}

extension Inquiry: ConnectionOwner {
    func opened(_ connection: ConnectionHandler) {
        guard !isOver else { return connection.close() }
        self.connection = connection
        for arguments in commands { connection.send(EncodedCommand(arguments)) }
    }

    func received(_ reply: RedisReply, on connection: ConnectionHandler) {
        replies.append(reply.value)
        if replies.count == commands.count { end(nil) }
    }

    func closed(_ connection: ConnectionHandler, because error: RedisError) { end(error) }
}
