import NIOCore
import NIOWebSocket

/// Frames read slowly, as RFC 6455 §5.2 draws them.
enum PlainFrames {
    struct Frame: Equatable {
        let isLast: Bool
        let code: UInt8
        let content: [UInt8]

        init(isLast: Bool, code: UInt8, content: [UInt8]) {
            self.isLast = isLast
            self.code = code
            self.content = content
        }

        /// What NIO read.
        init(_ frame: WebSocketFrame) {
            isLast = frame.fin
            code = UInt8(webSocketOpcode: frame.opcode)
            content = Array(frame.unmaskedData.readableBytesView)
        }
    }

    /// The whole frames up to the first that is longer than it may be.
    static func frames(in bytes: [UInt8], longest: Int) -> [Frame] {
        var frames: [Frame] = []
        var rest = bytes[...]
        while rest.count >= 2, let first = rest.popFirst(), let second = rest.popFirst() {
            let more = [126: 2, 127: 8][second & 0x7F] ?? 0
            guard rest.count >= more else { break }
            let length = more == 0 ? UInt64(second & 0x7F) : rest.prefix(more).reduce(0) { $0 << 8 | UInt64($1) }
            rest = rest.dropFirst(more)
            let mask = second & 0x80 == 0 ? [] : Array(rest.prefix(4))
            guard length <= longest, mask.count == (second & 0x80 == 0 ? 0 : 4), rest.count >= mask.count + Int(length) else { break }
            let masked = rest.dropFirst(mask.count).prefix(Int(length))
            let content = mask.isEmpty ? Array(masked) : masked.enumerated().map { $1 ^ mask[$0 % 4] }
            frames.append(Frame(isLast: first & 0x80 != 0, code: first & 0x0F, content: content))
            rest = rest.dropFirst(mask.count + Int(length))
        }
        return frames
    }
}
