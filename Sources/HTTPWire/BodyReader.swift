import NIOCore

/// The body of one message, piece by piece.
struct BodyReader {
    private enum State {
        case length(Int)
        case chunked(ChunkedBody)
        case untilClose
    }

    private var state: State

    init(_ form: BodyForm, _ limits: HTTPLimits) {
        switch form {
        case .length(let length): state = .length(length)
        case .chunked: state = .chunked(ChunkedBody(limits))
        case .untilClose: state = .untilClose
        }
    }

    /// The next piece of what has come; nil while more is needed or at the end.
    mutating func next(_ buffer: inout ByteBuffer) throws(HTTPViolation) -> ByteBuffer? {
        switch state {
        case .length(let left):
            guard left > 0, let piece = buffer.readSlice(length: min(left, buffer.readableBytes)), piece.readableBytes > 0 else {
                return nil
            }
            state = .length(left - piece.readableBytes)
            return piece
        case .chunked(var chunks):
            defer { state = .chunked(chunks) }
            return try chunks.next(&buffer)
        case .untilClose:
            guard buffer.readableBytes > 0 else { return nil }
            defer { buffer.clear() }
            return buffer
        }
    }

    /// True when all of it was read.
    var isOver: Bool {
        switch state {
        case .length(let left): left == 0
        case .chunked(let chunks): chunks.isOver
        case .untilClose: false
        }
    }

    /// True where the end of the connection is the end of the body.
    var endsWithConnection: Bool { if case .untilClose = state { true } else { false } }
}
