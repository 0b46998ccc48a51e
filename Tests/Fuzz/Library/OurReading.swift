package import HTTPWire
import NIOCore
import NIOEmbedded
import NIOHTTP1

extension Reading {
    /// What our reader makes of requests that come in these pieces.
    package static func requests(
        _ pieces: some Sequence<ArraySlice<UInt8>>, _ limits: HTTPLimits = HTTPLimits(), by codec: HTTPCodec = .bytes
    ) -> Reading {
        var reader = RequestReader(limits, by: codec)
        let channel = channel(of: reader.handlers)
        defer { _ = try? channel?.finish(acceptAlreadyClosed: true) }
        var reading = Reading()
        do throws(HTTPViolation) {
            for piece in pieces {
                reader.feed(ByteBuffer(bytes: piece))
                while !reading.isOver, let part = try reader.next() { reading.add(part) }
            }
        } catch { reading.failure = "\(error)" }
        return reading
    }

    /// What our reader makes of responses that come in these pieces, after which the connection closes.
    package static func responses(
        _ pieces: some Sequence<ArraySlice<UInt8>>, _ limits: HTTPLimits = HTTPLimits(), by codec: HTTPCodec = .bytes
    ) -> Reading {
        var reader = ResponseReader(limits, by: codec)
        let channel = channel(of: reader.handlers)
        defer { _ = try? channel?.finish(acceptAlreadyClosed: true) }
        var reading = Reading()
        do throws(HTTPViolation) {
            for piece in pieces {
                reader.feed(ByteBuffer(bytes: piece))
                while !reading.isOver, let part = try reader.next() { reading.add(part) }
            }
            if reader.closed() { reading.end() }
        } catch { reading.failure = "\(error)" }
        return reading
    }

    /// The pipeline that a reader needs; nil where it needs none.
    private static func channel(of handlers: [any ChannelHandler]) -> EmbeddedChannel? {
        guard !handlers.isEmpty else { return nil }
        let channel = EmbeddedChannel()
        try? channel.pipeline.syncOperations.addHandlers(handlers)
        return channel
    }

    private mutating func add(_ part: RequestReader.Part) {
        switch part {
        case .head(let head):
            let version = head.version == .http11 ? "1.1" : "1.0"
            var message = Message(start: "\(head.method) \(head.target) \(version)", keepsAlive: head.keepsAlive)
            message.add(head.headers)
            messages.append(message)
        case .piece(let piece): add(piece.readableBytesView)
        case .end: end()
        }
    }

    private mutating func add(_ part: ResponseReader.Part) {
        switch part {
        case .head(let head):
            var message = Message(start: "\(head.status.code)", keepsAlive: head.keepsAlive)
            message.add(head.headers)
            messages.append(message)
        case .piece(let piece): add(piece.readableBytesView)
        case .end: end()
        }
    }
}

extension Reading.Message {
    fileprivate mutating func add(_ block: HeaderBlock) {
        block.forEach { field in add(block.bytes[field.name], block.bytes[field.value]) }
    }
}
