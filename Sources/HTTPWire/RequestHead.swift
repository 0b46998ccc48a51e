/// The head of a request.
package struct RequestHead: Sendable {
    /// The methods that mean something here; `other` are those that are known to mean something elsewhere.
    package enum Method: Sendable, Hashable { case GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, other }

    package let method: Method
    /// Path and query, visible ASCII.
    package let target: String
    package let version: HTTPRevision
    package let headers: HeaderBlock
    /// The connection may serve another request after this one.
    package let keepsAlive: Bool
    /// The sender waits for `100 Continue` before it sends the body.
    package let expectsContinue: Bool
    /// The bytes of the body, where they were announced.
    package let length: Int?
    let isChunked: Bool

    /// Reads a whole head, its empty line included.
    init(_ bytes: UnsafeBufferPointer<UInt8>, _ limits: HTTPLimits) throws(HTTPViolation) {
        var rest = bytes
        guard let line = rest.cutLine() else { throw .malformed }
        let (method, target, version) = try Self.startLine(line)
        guard target.count <= limits.target else { throw .targetTooLong }
        let fields = UnsafeBufferPointer(rebasing: rest[..<(rest.count - 2)])
        let framing = try Framing(fields, limit: limits.fields)
        guard version == .http11 || !framing.isChunked else { throw .malformed }
        self.method = method
        self.target = String(decoding: target, as: UTF8.self)
        self.version = version
        headers = HeaderBlock(validated: Array(fields))
        keepsAlive = framing.keepsAlive(version)
        expectsContinue = framing.expectsContinue && version == .http11
        length = framing.length
        isChunked = framing.isChunked
    }

    private static func startLine(
        _ line: UnsafeBufferPointer<UInt8>
    ) throws(HTTPViolation) -> (Method, UnsafeBufferPointer<UInt8>, HTTPRevision) {
        guard let first = line.firstIndex(of: Octet.space), let last = line.lastIndex(of: Octet.space), first < last else {
            throw .malformed
        }
        let name = UnsafeBufferPointer(rebasing: line[..<first])
        let target = UnsafeBufferPointer(rebasing: line[(first + 1)..<last])
        guard let version = HTTPRevision(UnsafeBufferPointer(rebasing: line[(last + 1)...])),
            isTarget(target)
        else { throw .malformed }
        guard let method = Method(name) else { throw .malformed }
        return (method, target, version)
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
        func isSpelled(_ word: StaticString) -> Bool {
            word.utf8CodeUnitCount == name.count && word.withUTF8Buffer { $0.elementsEqual(name) }
        }
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
