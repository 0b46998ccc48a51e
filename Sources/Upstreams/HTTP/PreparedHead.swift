import NIOCore
import Synchronization

/// The head of all requests of one kind within one session, built anew only when the credentials or the endpoint's target have changed.
final class PreparedHead: Sendable, Redacted {
    let endpoint: Endpoint
    private let method: Endpoint.Method
    private let lines: [HeaderLine]
    private let built: Mutex<(generation: Int, head: RequestHead)?> = Mutex(nil)

    init(of endpoint: Endpoint, method: Endpoint.Method, lines: [HeaderLine]) {
        self.endpoint = endpoint
        self.method = method
        self.lines = lines
    }

    /// The whole request as it goes on the wire; `extra` are header lines of this request alone. Throws where the credentials cannot be had.
    func request(_ body: [UInt8], extra: [HeaderLine] = []) throws(HTTPFailure) -> ByteBuffer {
        try head().request(body, extra: extra)
    }

    private func head() throws(HTTPFailure) -> RequestHead {
        // Read first: what changes meanwhile is built in the next time.
        let generation = try endpoint.generation()
        if let built = built.withLock({ $0 }), built.generation == generation { return built.head }
        var bytes = try endpoint.head(method, lines)
        let head = RequestHead(taking: &bytes)
        built.withLock { $0 = (generation, head) }
        return head
    }
}

/// A header field: its name and its value.
typealias HeaderLine = (name: String, value: String)
