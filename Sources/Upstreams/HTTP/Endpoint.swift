import NIOCore

/// Where an upstream's requests go, with the header lines that are the same in each of them built once.
struct Endpoint: Sendable {
    let origin: Origin
    /// Request line, `Host` and the document's headers, each line ended.
    private let head: [UInt8]

    /// Nil where the URL or a header cannot be sent as it is.
    init?(url: String, headers: [String: String], agent: String) {
        guard let location = Location(url) else { return nil }
        origin = location.origin
        var text = "POST \(location.target) HTTP/1.1\r\nHost: \(location.origin.authority)\r\n"
        text += "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        if !headers.keys.contains(where: { $0.lowercased() == "user-agent" }) { text += "User-Agent: \(agent)\r\n" }
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            guard UpstreamHeader.isName(name), UpstreamHeader.isValue(value) else { return nil }
            text += "\(name): \(value)\r\n"
        }
        head = Array(text.utf8)
    }

    /// The head of every request that carries these further header lines, ending in `Content-Length: `.
    func prepared(_ lines: [(name: String, value: String)] = []) -> RequestHead {
        var bytes = head
        for line in lines { bytes += Array("\(line.name): \(line.value)\r\n".utf8) }
        return RequestHead(bytes: bytes + Array("Content-Length: ".utf8))
    }
}

/// A request's head up to the number of its content length, built once for all requests alike.
struct RequestHead: Sendable {
    let bytes: [UInt8]

    /// The whole request as it goes on the wire.
    func request(_ body: [UInt8]) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: bytes.count + body.count + 24)
        buffer.writeBytes(bytes)
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
