import NIOHTTP1

extension RequestHead {
    /// What NIO has read, judged as if it came now.
    static func judged(_ head: HTTPRequestHead, _ limits: HTTPLimits) throws(HTTPViolation) -> RequestHead {
        let version = "HTTP/\(head.version.major).\(head.version.minor)"
        return try read("\(head.method.wireName) \(head.uri) \(version)", head.headers, limits) {
            bytes, limits throws(HTTPViolation) in
            try RequestHead(bytes, limits)
        }
    }

    /// Has `read` judge these lines.
    fileprivate static func read<Head>(
        _ start: String, _ fields: HTTPHeaders, _ limits: HTTPLimits,
        _ read: (UnsafeBufferPointer<UInt8>, HTTPLimits) throws(HTTPViolation) -> Head
    ) throws(HTTPViolation) -> Head {
        var lines = "\(start)\r\n"
        for (name, value) in fields { lines += "\(name): \(value)\r\n" }
        lines += "\r\n"
        guard lines.utf8.count <= limits.head else { throw .fieldsTooLarge }
        let head = lines.withUTF8 { bytes in Result { () throws(HTTPViolation) in try read(bytes, limits) } }
        return try head.get()
    }
}

extension ResponseHead {
    /// What NIO has read, judged as if it came now, but for the reason, which nobody reads.
    static func judged(_ head: HTTPResponseHead, _ limits: HTTPLimits) throws(HTTPViolation) -> ResponseHead {
        let start = "HTTP/\(head.version.major).\(head.version.minor) \(head.status.code)"
        return try RequestHead.read(start, head.headers, limits) { bytes, limits throws(HTTPViolation) in
            try ResponseHead(bytes, limits)
        }
    }
}

extension HTTPMethod {
    /// As it stands in a request; NIO has another word for one.
    package var wireName: String { self == .MSEARCH ? "M-SEARCH" : rawValue }
}
