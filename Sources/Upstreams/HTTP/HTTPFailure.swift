/// Why an HTTP exchange has no (whole) response.
enum HTTPFailure: Error, Sendable, Hashable {
    /// The request never left this node whole: nothing can have run.
    case unsent(Reason)
    /// The deadline passed after the request was sent.
    case timedOut
    /// The connection or the response failed after the request was sent.
    case broken(Reason)

    /// The request was sent whole and given up by us: the server may still be at work on it.
    var leavesWorkBehind: Bool { self == .timedOut || self == .broken(.cancelled) }

    /// The closed set of causes: safe for agents, logs and metric labels, as no name, address or text of the peer is in it.
    enum Reason: String, Sendable, Hashable {
        case badURL = "bad URL"
        case notResolved = "name not resolved"
        case refused = "connection refused"
        case unreachable = "unreachable"
        case connectTimeout = "connect timed out"
        case tls = "TLS handshake failed"
        case busy = "too many calls are waiting for a connection"
        case queueTimeout = "timed out before it could be sent"
        case closed = "connection closed"
        case reset = "connection reset"
        case unreadable = "unreadable HTTP response"
        case endedEarly = "the response ended before the answer"
        case tooLarge = "answer too large"
        case cancelled = "cancelled"
        case notStarted = "the program could not be started"
        case processEnded = "the process ended"
        case streamEnded = "the event stream ended"
        case noEndpoint = "the event stream does not begin with an endpoint"
        case otherOrigin = "endpoint of another origin"

        /// Says nothing about the upstream: this node had no room or no time.
        var isOurs: Bool { self == .busy || self == .queueTimeout || self == .cancelled }
    }
}
