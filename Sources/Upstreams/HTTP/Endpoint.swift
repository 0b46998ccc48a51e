import NIOCore

/// Where an upstream's requests go, with the header lines that are the same in each of them built once.
struct Endpoint: Sendable {
    /// What a request asks of the endpoint.
    enum Method: String, Sendable {
        case post = "POST"
        /// Opens a stream.
        case get = "GET"
        /// Ends a session.
        case delete = "DELETE"
    }

    let origin: Origin
    /// The rest of the request line, and `Host`.
    private let requestLine: [UInt8]
    /// The agent's name and the document's headers, each line ended.
    private let head: [UInt8]
    private let contentHead = Array("Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n".utf8)
    private let streamHead = Array("Accept: text/event-stream\r\n".utf8)

    /// Headers that are the gateway's to send; a document that names one is refused.
    private static let reserved: Set<String> = [
        "host", "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
        "accept", "accept-encoding", "mcp-session-id", "mcp-protocol-version", "last-event-id",
    ]

    /// Nil where the URL or a header cannot be sent as it is.
    init?(url: String, headers: [String: String], agent: String) {
        guard let location = Location(url) else { return nil }
        origin = location.origin
        requestLine = Array(" \(location.target) HTTP/1.1\r\nHost: \(location.origin.authority)\r\n".utf8)
        var text = ""
        if !headers.keys.contains(where: { $0.lowercased() == "user-agent" }) { text += "User-Agent: \(agent)\r\n" }
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            guard Self.isToken(name), Self.isValue(value), !Self.reserved.contains(name.lowercased()) else { return nil }
            text += "\(name): \(value)\r\n"
        }
        head = Array(text.utf8)
    }

    /// The head of every request of this method that carries these further header lines.
    func prepared(_ lines: [HeaderLine] = [], method: Method = .post) -> PreparedHead {
        var bytes = Array(method.rawValue.utf8) + requestLine + (method == .post ? contentHead : streamHead) + head
        for line in lines { bytes += Array("\(line.name): \(line.value)\r\n".utf8) }
        return PreparedHead(RequestHead(bytes: bytes))
    }

    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func isValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}

/// The lines of a request's head but for its content length, built once for all requests alike.
struct RequestHead: Sendable {
    let bytes: [UInt8]

    /// The whole request as it goes on the wire, with further header lines of its own.
    func request(_ body: [UInt8], extra: [HeaderLine] = []) -> ByteBuffer {
        let more = extra.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        var buffer = ByteBufferAllocator().buffer(capacity: bytes.count + body.count + more + 40)
        buffer.writeBytes(bytes)
        for line in extra { buffer.writeString("\(line.name): \(line.value)\r\n") }
        buffer.writeStaticString("Content-Length: ")
        Self.write(decimal: body.count, to: &buffer)
        buffer.writeInteger(0x0D0A_0D0A as UInt32)
        buffer.writeBytes(body)
        return buffer
    }

    private static func write(decimal number: Int, to buffer: inout ByteBuffer) {
        var digits: InlineArray<20, UInt8> = .init(repeating: 0)
        var start = 20
        var rest = number
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        } while rest > 0
        for index in start..<20 { buffer.writeInteger(digits[index]) }
    }
}
