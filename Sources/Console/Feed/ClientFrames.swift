import NIOCore
import NIOWebSocket

/// Judges what a client sends: the feed wants nothing from it but that it keeps to the protocol (RFC 6455), in few bytes.
struct ClientFrames {
    /// The longest message in bytes, over all its fragments.
    static let longest = 4 << 10

    enum Finding: Equatable {
        case nothing
        /// A ping: answer it with these bytes.
        case answer(ByteBuffer)
        /// The client closes, or answers our close.
        case farewell(WebSocketErrorCode?)
        /// Close the connection with this.
        case violation(WebSocketErrorCode, String)
    }

    /// Bytes of the message whose last fragment has not come; nil between messages.
    private var begun: Int?

    mutating func take(_ frame: WebSocketFrame) -> Finding {
        guard frame.maskKey != nil else { return .violation(.protocolError, "frames of a client are masked") }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return .violation(.protocolError, "no extension was agreed on") }
        switch frame.opcode {
        case .ping: return .answer(frame.unmaskedData)
        case .pong: return .nothing
        case .connectionClose: return farewell(frame.unmaskedData)
        case .text, .binary:
            guard begun == nil else { return .violation(.protocolError, "a message begins inside another") }
            return take(frame.length, isLast: frame.fin, before: 0)
        case .continuation:
            guard let begun else { return .violation(.protocolError, "a fragment of no message") }
            return take(frame.length, isLast: frame.fin, before: begun)
        default: return .violation(.protocolError, "an unknown kind of frame")
        }
    }

    private mutating func take(_ length: Int, isLast: Bool, before: Int) -> Finding {
        let whole = before + length
        begun = isLast ? nil : whole
        return whole <= Self.longest ? .nothing : .violation(.messageTooLarge, "a message over \(Self.longest) bytes")
    }

    private func farewell(_ data: ByteBuffer) -> Finding {
        var data = data
        if data.readableBytes == 0 { return .farewell(nil) }
        guard let code = data.readWebSocketErrorCode() else { return .violation(.protocolError, "a close of one byte") }
        switch UInt16(webSocketErrorCode: code) {
        case 1000...1003, 1007...1014, 3000...4999: return .farewell(code)
        default: return .violation(.protocolError, "a code that nobody may send")
        }
    }
}
