/// The head of a request.
package struct RequestHead: Sendable {
    /// The methods that mean something here.
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
        guard let version = HTTPRevision(UnsafeBufferPointer(rebasing: line[(last + 1)...])), !name.isEmpty, name.allSatisfy(Octet.isToken),
            isTarget(target)
        else { throw .malformed }
        // CONNECT would turn the connection into something else.
        guard !name.elementsEqual("CONNECT".utf8) else { throw .malformed }
        return (method(name), target, version)
    }

    /// A path, `*`, or a whole URL; of visible ASCII.
    private static func isTarget(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        if first == UInt8(ascii: "/") || bytes.elementsEqual("*".utf8) { return true }
        return bytes.starts(with: "http://".utf8) || bytes.starts(with: "https://".utf8)
    }

    private static func method(_ name: UnsafeBufferPointer<UInt8>) -> Method {
        func isSpelled(_ word: StaticString) -> Bool {
            word.utf8CodeUnitCount == name.count && word.withUTF8Buffer { $0.elementsEqual(name) }
        }
        if isSpelled("POST") { return .POST }
        if isSpelled("GET") { return .GET }
        if isSpelled("DELETE") { return .DELETE }
        if isSpelled("OPTIONS") { return .OPTIONS }
        if isSpelled("HEAD") { return .HEAD }
        if isSpelled("PUT") { return .PUT }
        return isSpelled("PATCH") ? .PATCH : .other
    }
}
