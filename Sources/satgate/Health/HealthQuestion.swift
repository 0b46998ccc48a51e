import Configuration
import NIOCore
import NIOPosix
import ServerIdentity

/// One question to a node's operators' port, on a connection of its own.
struct HealthQuestion {
    let host: String
    let port: Int
    /// It is asked over TLS; whose certificate it shows does not matter.
    let isSecure: Bool

    /// Where a node with these settings listens for operators, as it is reached from its own machine.
    init(file: String?, environment: [String: String]) async throws {
        let reader = try await ConfigReader(settingsIn: file, environment: environment)
        let said = try await reader.fetchString(forKey: "admin.host") ?? "127.0.0.1"
        host = ["0.0.0.0": "127.0.0.1", "::": "::1"][said] ?? said
        port = try await reader.integer("admin.port", in: 1...65_535) ?? 9090
        isSecure = try await PortTLS(reader, of: "admin") != nil
    }

    /// The status of the answer to GET `path`, which must come within `limit`.
    func ask(_ path: String, within limit: TimeAmount, on group: any EventLoopGroup) async throws -> Int {
        let name = host.contains(":") ? "[\(host)]" : host
        let request = ByteBuffer(string: "GET \(path) HTTP/1.1\r\nHost: \(name):\(port)\r\nConnection: close\r\n\r\n")
        let (channel, status) = try await ClientBootstrap(group: group)
            .connectTimeout(limit)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if isSecure { try channel.pipeline.syncOperations.addHandler(LocalServer.handler()) }
                    let promise = channel.eventLoop.makePromise(of: Int.self)
                    try channel.pipeline.syncOperations.addHandler(StatusLine(promise))
                    return (channel, promise.futureResult)
                }
            }
        // A closed channel is an answer that never came.
        let deadline = channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        channel.writeAndFlush(request, promise: nil)
        return try await status.get()
    }
}

/// Takes the status out of the first line of an answer; what follows is not read.
private final class StatusLine: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var promise: EventLoopPromise<Int>?
    private var line: [UInt8] = []

    init(_ promise: EventLoopPromise<Int>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        line += unwrapInboundIn(data).readableBytesView.prefix(16)
        // "HTTP/1.1 200"
        guard line.count >= 12 else { return }
        let words = line.prefix(12).split(separator: UInt8(ascii: " "))
        if words.count == 2, words[0].starts(with: "HTTP/1.".utf8), let status = Int(String(decoding: words[1], as: UTF8.self)) {
            take()?.succeed(status)
        }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        take()?.fail(error)
        context.close(promise: nil)
    }

    /// Also where it never got so far as to connect.
    func handlerRemoved(context: ChannelHandlerContext) { take()?.fail(ChannelError.eof) }

    private func take() -> EventLoopPromise<Int>? {
        defer { promise = nil }
        return promise
    }
}
