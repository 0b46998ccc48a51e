/// The head of a request. An object, for it is handed from stage to stage and is large to copy.
package final class RequestHead: Sendable {
    /// The methods that mean something here; `other` are those that are known to mean something elsewhere.
    package enum Method: Sendable, Hashable { case GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, other }

    package let method: Method
    package let version: HTTPRevision
    package let headers: HeaderBlock
    /// The connection may serve another request after this one.
    package let keepsAlive: Bool
    /// The sender waits for `100 Continue` before it sends the body.
    package let expectsContinue: Bool
    /// The bytes of the body, where they were announced.
    package let length: Int?
    let isChunked: Bool
    /// Where path and query stand in the head.
    private let targetPlace: Range<Int>

    /// Reads a whole head, its empty line included.
    init(_ bytes: UnsafeBufferPointer<UInt8>, _ limits: HTTPLimits) throws(HTTPViolation) {
        guard let end = bytes.lineEnd(from: 0) else { throw .malformed }
        let start = try StartLine(UnsafeBufferPointer(rebasing: bytes[..<end]))
        guard start.target.count <= limits.target else { throw .targetTooLong }
        let fields = end + 2..<bytes.count - 2
        let framing = try Framing(bytes, fields, limit: limits.fields)
        guard start.version == .http11 || !framing.isChunked else { throw .malformed }
        method = start.method
        version = start.version
        targetPlace = start.target
        headers = HeaderBlock(bytes, fields, framing)
        keepsAlive = framing.keepsAlive(start.version)
        expectsContinue = framing.expectsContinue && start.version == .http11
        length = framing.length
        isChunked = framing.isChunked
    }

    /// Path and query, visible ASCII.
    package var target: String { String(decoding: headers.bytes[targetPlace], as: UTF8.self) }

    /// True where this is the path, whatever the query.
    package func isPath(_ path: StaticString) -> Bool {
        let length = path.utf8CodeUnitCount
        guard targetPlace.count >= length else { return false }
        return headers.bytes.withUnsafeBytes { bytes in
            Octet.isSame(bytes, targetPlace.lowerBound..<targetPlace.lowerBound + length, path)
                && (targetPlace.count == length || bytes[targetPlace.lowerBound + length] == UInt8(ascii: "?"))
        }
    }
}

/// The first line of a request: `POST /mcp HTTP/1.1`.
private struct StartLine {
    let method: RequestHead.Method
    let target: Range<Int>
    let version: HTTPRevision

    /// Reads the line without its end.
    init(_ line: UnsafeBufferPointer<UInt8>) throws(HTTPViolation) {
        guard let first = line.index(of: Octet.space, from: 0), let last = line.lastIndex(of: Octet.space), first < last,
            let version = HTTPRevision(UnsafeBufferPointer(rebasing: line[(last + 1)...])),
            Self.isTarget(UnsafeBufferPointer(rebasing: line[(first + 1)..<last])),
            let method = RequestHead.Method(UnsafeBufferPointer(rebasing: line[..<first]))
        else { throw .malformed }
        self.method = method
        self.version = version
        target = first + 1..<last
    }

    /// A path, `*`, or a whole URL; of visible ASCII, without a fragment, which is not for servers.
    private static func isTarget(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else { return false }
        if first == UInt8(ascii: "/") || bytes.elementsEqual("*".utf8) { return true }
        for scheme in ["http://", "https://"] where bytes.starts(with: scheme.utf8) {
            return isAuthority(UnsafeBufferPointer(rebasing: bytes[scheme.utf8.count...]))
        }
        return false
    }

    /// A host, up to what follows it; nobody is named in front of it.
    private static func isAuthority(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let host = bytes.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        return !host.isEmpty
            && host.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: ".-_~:[]%".utf8.contains(byte)
                }
            }
    }
}

extension RequestHead.Method {
    /// Methods of other kinds of servers, which get an answer that says so. CONNECT is none of them: it would turn the connection into
    /// something else.
    private static let elsewhere: Set<String> = [
        "TRACE", "QUERY", "COPY", "LOCK", "UNLOCK", "MKCOL", "MOVE", "PROPFIND", "PROPPATCH", "SEARCH", "BIND", "REBIND", "UNBIND", "ACL",
        "REPORT", "MKACTIVITY", "CHECKOUT", "MERGE", "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "PURGE", "MKCALENDAR", "LINK",
        "UNLINK", "SOURCE",
    ]

    /// Nil for a name that no method has.
    package init?(named name: String) {
        var name = name
        guard let method = name.withUTF8({ Self($0) }) else { return nil }
        self = method
    }

    /// Nil for a name that no method has; capital letters are significant.
    init?(_ name: UnsafeBufferPointer<UInt8>) {
        func isSpelled(_ word: StaticString) -> Bool { Octet.isSame(UnsafeRawBufferPointer(name), 0..<name.count, word) }
        if isSpelled("POST") {
            self = .POST
        } else if isSpelled("GET") {
            self = .GET
        } else if isSpelled("DELETE") {
            self = .DELETE
        } else if isSpelled("OPTIONS") {
            self = .OPTIONS
        } else if isSpelled("HEAD") {
            self = .HEAD
        } else if isSpelled("PUT") {
            self = .PUT
        } else if isSpelled("PATCH") {
            self = .PATCH
        } else if Self.elsewhere.contains(String(decoding: name.prefix(16), as: UTF8.self)), name.count <= 16 {
            self = .other
        } else {
            return nil
        }
    }
}
