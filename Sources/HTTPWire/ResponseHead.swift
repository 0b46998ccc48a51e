package import NIOHTTP1

/// The head of a response. An object, for it is handed from stage to stage and is large to copy.
package final class ResponseHead: Sendable {
    package let status: HTTPResponseStatus
    package let headers: HeaderBlock
    /// The connection may serve another exchange after this one, as far as the head says.
    package let keepsAlive: Bool
    /// How the body ends.
    let body: BodyForm

    /// Reads a whole head, its empty line included.
    init(_ bytes: UnsafeBufferPointer<UInt8>, _ limits: HTTPLimits) throws(HTTPViolation) {
        guard let end = bytes.lineEnd(from: 0) else { throw .malformed }
        let (version, code) = try Self.startLine(UnsafeBufferPointer(rebasing: bytes[..<end]))
        let fields = end + 2..<bytes.count - 2
        let framing = try Framing(bytes, fields, limit: limits.fields)
        guard version == .http11 || !framing.isChunked else { throw .malformed }
        status = HTTPResponseStatus(statusCode: code)
        headers = HeaderBlock(bytes, fields, framing)
        body = Self.body(code, framing)
        keepsAlive = framing.keepsAlive(version) && body != .untilClose
        // Another one must be able to follow.
        guard code >= 200 || keepsAlive else { throw .malformed }
    }

    /// The bytes of the body, where they were announced.
    package var length: Int? { if case .length(let length) = body { length } else { nil } }

    /// True for a 1xx response, which another one follows.
    var isInterim: Bool { status.code < 200 }

    private static func body(_ code: Int, _ framing: Framing) -> BodyForm {
        if code < 200 || code == 204 || code == 304 { return .length(0) }
        if framing.isChunked { return .chunked }
        return framing.length.map { .length($0) } ?? .untilClose
    }

    /// `HTTP/1.1 200 OK`; the reason may be empty, or missing with its space. 101 is never asked for, so nobody may answer it.
    private static func startLine(_ line: UnsafeBufferPointer<UInt8>) throws(HTTPViolation) -> (HTTPRevision, Int) {
        guard line.count >= 12, let version = HTTPRevision(UnsafeBufferPointer(rebasing: line[..<8])), line[8] == Octet.space else {
            throw .malformed
        }
        var code = 0
        for digit in line[9..<12] {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { throw .malformed }
            code = code * 10 + Int(digit - UInt8(ascii: "0"))
        }
        let reason = UnsafeBufferPointer(rebasing: line[12...])
        guard 100..<600 ~= code, code != 101, reason.isEmpty || reason[0] == Octet.space, Octet.isText(reason) else { throw .malformed }
        return (version, code)
    }
}
