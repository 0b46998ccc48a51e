import HTTPWire
import NIOCore
import NIOEmbedded
import NIOHTTP1

/// llhttp, by way of NIO, is the other opinion.
extension Reading {
    /// What NIO makes of requests that come in these pieces.
    package static func requestsByNIO(_ pieces: some Sequence<ArraySlice<UInt8>>) -> Reading {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPRequestDecoder()))
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        var reading = Reading()
        for piece in pieces where reading.failure == nil {
            reading.feed(piece, to: channel)
            while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) { reading.add(part) }
        }
        return reading
    }

    /// What NIO makes of responses that come in these pieces, after which the connection closes; each answers a POST.
    package static func responsesByNIO(_ pieces: some Sequence<ArraySlice<UInt8>>) -> Reading {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPResponseDecoder()))
        for _ in 0..<8 {
            _ = try? channel.writeOutbound(HTTPClientRequestPart.head(.init(version: .http1_1, method: .POST, uri: "/")))
        }
        var reading = Reading()
        for piece in pieces where reading.failure == nil { reading.feed(piece, to: channel) }
        do { _ = try channel.finish(acceptAlreadyClosed: true) } catch { reading.failure = reading.failure ?? "\(error)" }
        while let part = try? channel.readInbound(as: HTTPClientResponsePart.self) { reading.add(part) }
        return reading
    }

    private mutating func feed(_ piece: ArraySlice<UInt8>, to channel: EmbeddedChannel) {
        do { try channel.writeInbound(ByteBuffer(bytes: piece)) } catch { failure = "\(error)" }
    }

    private mutating func add(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head):
            let method = RequestHead.Method(named: head.method.wireName).map { "\($0)" } ?? "unknown"
            let version = "\(head.version.major).\(head.version.minor)"
            var message = Message(start: "\(method) \(head.uri) \(version)", keepsAlive: head.isKeepAlive)
            for field in head.headers { message.add(field.name.utf8, field.value.utf8) }
            messages.append(message)
        case .body(let piece): add(piece.readableBytesView)
        case .end: end()
        }
    }

    private mutating func add(_ part: HTTPClientResponsePart) {
        switch part {
        case .head(let head):
            var message = Message(start: "\(head.status.code)", keepsAlive: head.isKeepAlive)
            for field in head.headers { message.add(field.name.utf8, field.value.utf8) }
            messages.append(message)
        case .body(let piece): add(piece.readableBytesView)
        case .end: end()
        }
    }
}
