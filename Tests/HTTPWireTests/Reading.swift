import HTTPWire
import NIOCore
import NIOHTTP1

/// What a reader makes of some bytes.
struct Reading: Equatable {
    struct Message: Equatable {
        var start: String
        var fields: [String] = []
        var keepsAlive: Bool
        var body: [UInt8] = []
        var isWhole = false
    }

    var messages: [Message] = []
    var failure: HTTPViolation?

    /// The bodies and starts of those that came whole, for short tables.
    var wholes: [String] { messages.filter(\.isWhole).map { "\($0.start) \(String(decoding: $0.body, as: UTF8.self))" } }

    fileprivate mutating func add(_ piece: ByteBuffer) { messages[messages.count - 1].body += Array(piece.readableBytesView) }
    fileprivate mutating func end() { messages[messages.count - 1].isWhole = true }
}

extension HeaderBlock {
    /// `name: value` of each field.
    var lines: [String] {
        var lines: [String] = []
        forEach { lines.append("\(String(decoding: bytes[$0.name], as: UTF8.self)): \(String(decoding: bytes[$0.value], as: UTF8.self))") }
        return lines
    }
}

/// What our reader makes of requests that come in these pieces.
func requests(_ pieces: [[UInt8]], _ limits: HTTPLimits = HTTPLimits()) -> Reading {
    var reader = RequestReader(limits)
    var reading = Reading()
    do throws(HTTPViolation) {
        for piece in pieces {
            reader.feed(ByteBuffer(bytes: piece))
            while let part = try reader.next() {
                switch part {
                case .head(let head):
                    let version = head.version == .http11 ? "1.1" : "1.0"
                    reading.messages.append(
                        .init(start: "\(head.method) \(head.target) \(version)", fields: head.headers.lines, keepsAlive: head.keepsAlive))
                case .piece(let piece): reading.add(piece)
                case .end: reading.end()
                }
            }
        }
    } catch { reading.failure = error }
    return reading
}

/// What our reader makes of responses that come in these pieces, after which the connection closes.
func responses(_ pieces: [[UInt8]], _ limits: HTTPLimits = HTTPLimits()) -> Reading {
    var reader = ResponseReader(limits)
    var reading = Reading()
    do throws(HTTPViolation) {
        for piece in pieces {
            reader.feed(ByteBuffer(bytes: piece))
            while let part = try reader.next() {
                switch part {
                case .head(let head):
                    reading.messages.append(.init(start: "\(head.status.code)", fields: head.headers.lines, keepsAlive: head.keepsAlive))
                case .piece(let piece): reading.add(piece)
                case .end: reading.end()
                }
            }
        }
        if reader.closed() { reading.end() }
    } catch { reading.failure = error }
    return reading
}

func requests(_ text: String, _ limits: HTTPLimits = HTTPLimits()) -> Reading { requests([Array(text.utf8)], limits) }

func responses(_ text: String, _ limits: HTTPLimits = HTTPLimits()) -> Reading { responses([Array(text.utf8)], limits) }
