import NIOCore
import NIOEmbedded
import NIOWebSocket

@testable import Console

extension FuzzTarget {
    /// What a client of the feed sends. Frames are those of RFC 6455 wherever they are cut, and no message is longer than it may be.
    static let frames = FuzzTarget(
        "frames",
        seeds: [
            [0x81, 0x85, 1, 2, 3, 4, 0x69, 0x67, 0x6F, 0x68, 0x6E], [0x89, 0x80, 9, 9, 9, 9], [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8],
            [0x01, 0x81, 0, 0, 0, 0, 0x61, 0x89, 0x80, 0, 0, 0, 0, 0x80, 0x81, 0, 0, 0, 0, 0x62],
            [0x82, 0xFE, 0, 126, 1, 2, 3, 4] + [UInt8](repeating: 7, count: 126),
            [0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0x40, 0x01, 0, 0, 0, 0], [0x81, 0x05, 0x68], [0xC1, 0x80, 0, 0, 0, 0], [0x08, 0x80, 0, 0, 0, 0],
        ],
        words: ["\u{1}", "\u{2}", "\u{0}", "\u{9}", "\u{a}", "~", "\u{7f}"]
    ) { bytes in FramesCase.flaw(of: bytes) }
}

/// What must hold of a client's frames.
enum FramesCase {
    /// As the operators' port bounds it, bytes.
    private static let longest = 1 << 14

    static func flaw(of bytes: [UInt8]) -> String? {
        let whole = frames([bytes[...]])
        if frames(FuzzTarget.pieces(of: bytes)) != whole { return "depends on where it is cut" }
        let plain = PlainFrames.frames(in: bytes, longest: longest)
        if !plain.starts(with: whole.map { PlainFrames.Frame($0) }) { return "is not what RFC 6455 says" }
        var intake = ClientFrames()
        var length = 0
        for frame in whole {
            let finding = intake.take(frame)
            if case .violation = finding { break }
            guard finding == .nothing else { continue }
            if frame.maskKey == nil { return "a frame without a mask is taken" }
            if frame.opcode == .text || frame.opcode == .binary { length = 0 }
            if frame.opcode != .pong { length += frame.length }
            if length > ClientFrames.longest { return "a message that is too long is taken" }
        }
        return nil
    }

    /// The frames that NIO reads, up to what it refuses.
    private static func frames(_ pieces: [ArraySlice<UInt8>]) -> [WebSocketFrame] {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: longest)))
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        var frames: [WebSocketFrame] = []
        for piece in pieces {
            let isTaken = (try? channel.writeInbound(ByteBuffer(bytes: piece))) != nil
            while let frame = try? channel.readInbound(as: WebSocketFrame.self) { frames.append(frame) }
            if !isTaken { break }
        }
        return frames
    }
}
