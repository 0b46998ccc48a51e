import NIOCore

/// HTTP/1.1 responses as bytes.
enum HTTPText {
    /// A status code with its reason.
    struct Status: Sendable {
        let code: Int
        static let ok = Status(code: 200)
        static let accepted = Status(code: 202)
        static let badRequest = Status(code: 400)
        static let unauthorized = Status(code: 401)
        static let notFound = Status(code: 404)
        static let methodNotAllowed = Status(code: 405)
        static let tooLarge = Status(code: 413)
    }

    private static let okHead = Array("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ".utf8)

    /// A whole response with a JSON body.
    static func response(_ reply: ToolReply) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: reply.body.count + 192)
        if reply.status.code == 200, reply.session == nil {
            buffer.writeBytes(okHead)
        } else {
            buffer.writeString("HTTP/1.1 \(reply.status.code) \(reply.status.code < 400 ? "OK" : "Refused")\r\n")
            if let session = reply.session { buffer.writeString("Mcp-Session-Id: \(session)\r\n") }
            buffer.writeString(reply.body.isEmpty ? "Content-Length: " : "Content-Type: application/json\r\nContent-Length: ")
        }
        buffer.writeString(String(reply.body.count))
        buffer.writeStaticString("\r\n\r\n")
        buffer.writeBytes(reply.body)
        return buffer
    }

    /// The head of an event stream.
    static func streamHead() -> ByteBuffer {
        ByteBuffer(
            string: "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n")
    }

    /// One chunk of a stream.
    static func chunk(_ bytes: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer(string: String(bytes.count, radix: 16) + "\r\n")
        buffer.writeBytes(bytes)
        buffer.writeStaticString("\r\n")
        return buffer
    }

    /// The end of a stream.
    static func lastChunk() -> ByteBuffer { ByteBuffer(string: "0\r\n\r\n") }
}
