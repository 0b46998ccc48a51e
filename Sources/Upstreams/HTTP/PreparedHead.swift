import NIOCore

/// The head of all requests of one kind within one session, built once.
final class PreparedHead: Sendable {
    private let head: RequestHead

    init(_ head: RequestHead) { self.head = head }

    /// The whole request as it goes on the wire; `extra` are header lines of this request alone.
    func request(_ body: [UInt8], extra: [HeaderLine] = []) throws(HTTPFailure) -> ByteBuffer { head.request(body, extra: extra) }
}

/// A header field: its name and its value.
typealias HeaderLine = (name: String, value: String)
