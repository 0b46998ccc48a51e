import Glibc

/// An HTTP answer that came whole.
struct HTTPAnswer {
    let status: Int
    let session: String?
    /// The JSON text, or of a stream of events the last one's.
    let message: ArraySlice<UInt8>

    /// Nil while bytes are missing.
    init?(_ bytes: [UInt8]) {
        guard let end = bytes[...].find("\r\n\r\n"), bytes.count > 12 else { return nil }
        let head = String(decoding: bytes[..<end], as: UTF8.self).lowercased()
        status = Int(String(decoding: bytes[9..<12], as: UTF8.self)) ?? 0
        let fields = head.split(separator: "\r\n").dropFirst().map { $0.split(separator: ":", maxSplits: 1) }
        func field(_ name: String) -> String? {
            fields.first { $0.first.map { $0 == name } ?? false }?.last.map { String($0.drop { $0 == " " }) }
        }
        session = field("mcp-session-id")
        guard let body = Self.body(bytes[(end + 4)...], chunked: field("transfer-encoding") == "chunked", field("content-length")) else {
            return nil
        }
        message = field("content-type")?.hasPrefix("text/event-stream") == true ? Self.lastEvent(of: body) : body
    }

    private static func body(_ rest: ArraySlice<UInt8>, chunked: Bool, _ length: String?) -> ArraySlice<UInt8>? {
        guard chunked else {
            let length = length.flatMap { Int($0) } ?? 0
            return rest.count < length ? nil : rest.prefix(length)
        }
        var body: [UInt8] = []
        var rest = rest
        while let line = rest.find("\r\n") {
            guard let size = Int(String(decoding: rest[rest.startIndex..<line], as: UTF8.self), radix: 16) else { return [] }
            rest = rest[(line + 2)...]
            guard rest.count >= size + 2 else { return nil }
            if size == 0 { return body[...] }
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return nil
    }

    private static func lastEvent(of body: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let lines = body.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") })
        guard let line = lines.last(where: { $0.starts(with: "data:".utf8) && $0.count > 6 }) else { return [] }
        return line.dropFirst(5)
    }
}

extension ArraySlice<UInt8> {
    /// Where the text begins for the first time.
    func find(_ text: String) -> Int? {
        var text = text
        let offset = text.withUTF8 { text in
            withUnsafeBytes { bytes -> Int? in
                guard let base = bytes.baseAddress, let wanted = text.baseAddress, let first = text.first else { return nil }
                var at = 0
                while at + text.count <= bytes.count, let found = memchr(base + at, Int32(first), bytes.count - at) {
                    at = UnsafeRawPointer(found) - base
                    if at + text.count <= bytes.count, memcmp(found, wanted, text.count) == 0 { return at }
                    at += 1
                }
                return nil
            }
        }
        return offset.map { startIndex + $0 }
    }

    /// Whether the text is in it.
    func has(_ text: String) -> Bool { find(text) != nil }
}
