import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket
import ServerIdentity

/// HTTP/1.1 connections of the admin port, of which some become WebSockets.
struct AdminChannel: ServerChildChannel, HTTPChannelHandler {
    /// What a connection has become.
    enum Kind: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case webSocket(any Channel)
    }

    struct Value: ServerChildChannelValue {
        let kind: EventLoopFuture<Kind>
        let channel: any Channel
    }

    /// Seconds an idle connection is kept.
    private static let patience = TimeAmount.seconds(75)
    /// Seconds a new one has for its first head, with the handshake of TLS.
    private static let welcome = TimeAmount.seconds(15)

    let responder: HTTPChannelHandler.Responder
    let sockets: any WebSocketAcceptor
    /// Nil: plain TCP.
    let identity: PortIdentity?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let isSecure = identity != nil
        return channel.eventLoop.makeCompletedFuture {
            if let identity { try channel.pipeline.syncOperations.addHandler(identity.handler()) }
            let upgrader = NIOTypedWebSocketServerUpgrader<Kind>(
                maxFrameSize: 1 << 14,
                shouldUpgrade: { channel, head in
                    channel.eventLoop.makeSucceededFuture(sockets.accepts(head) ? HTTPHeaders() : nil)
                },
                upgradePipelineHandler: { channel, head in
                    channel.eventLoop.makeCompletedFuture {
                        try FirstRequest.remove(from: channel)
                        try sockets.open(channel, for: head)
                        return .webSocket(channel)
                    }
                })
            let upgrades = NIOTypedHTTPServerUpgradeConfiguration<Kind>(upgraders: [upgrader]) { channel in
                channel.eventLoop.makeCompletedFuture { .http(try Self.http(channel, isSecure: isSecure, logger)) }
            }
            var configuration = NIOUpgradableHTTPServerPipelineConfiguration(upgradeConfiguration: upgrades)
            configuration.enablePipelining = false
            configuration.enableErrorHandling = false
            let pipeline = channel.pipeline.syncOperations
            let kind = try pipeline.configureUpgradableHTTPServerPipeline(configuration: configuration)
            let upgrading = try pipeline.handler(type: NIOTypedHTTPServerUpgradeHandler<Kind>.self)
            try pipeline.addHandler(FirstRequest(sockets: sockets, patience: Self.welcome), position: .before(upgrading))
            return Value(kind: kind, channel: channel)
        }
    }

    private static func http(
        _ channel: any Channel, isSecure: Bool, _ logger: Logger
    ) throws -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart> {
        try FirstRequest.remove(from: channel)
        try channel.pipeline.syncOperations.addHandlers([
            HTTP1ToHTTPServerCodec(secure: isSecure),
            HTTPConnectionStateHandler(idleTimeout: .nanoseconds(patience.nanoseconds), logger: logger),
        ])
        return try NIOAsyncChannel(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.kind.get() {
            case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
            case .webSocket(let channel):
                try await withTaskCancellationHandler {
                    try await channel.closeFuture.get()
                } onCancel: {
                    sockets.goAway(channel)
                }
            }
        } catch { logger.debug("admin connection ended", metadata: ["error": "\(error)"]) }
    }
}

/// Takes over connections that want to become WebSockets. All of it is called on the channel's event loop, `goAway` from anywhere.
protocol WebSocketAcceptor: Sendable {
    /// Whether this request is for a WebSocket that its sender may have; false: it is answered as any other request.
    func accepts(_ head: HTTPRequestHead) -> Bool
    /// Adds what speaks with the client to the pipeline, behind the codec of frames.
    func open(_ channel: any Channel, for head: HTTPRequestHead) throws
    /// The node is about to stop: the client is told to look for another.
    func goAway(_ channel: any Channel)
}
