import Governance
import Synchronization

/// Where an upstream's requests go, and what is the same in each of them.
final class Endpoint: Sendable, Redacted {
    /// What a request asks of the endpoint.
    enum Method: String, Sendable {
        case post = "POST"
        /// Opens a stream.
        case get = "GET"
        /// Ends a session.
        case delete = "DELETE"
    }

    let destination: Destination
    let credentials: Credentials
    private let location: Location
    private let agent: [UInt8]
    /// Where the upstream has redirected to, within its origin.
    private let moved: Mutex<String?> = Mutex(nil)
    private let moves = Atomic<Int>(0)

    private static let contentLines = Array("Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n".utf8)
    private static let streamLines = Array("Accept: text/event-stream\r\n".utf8)

    private init(_ location: Location, destination: Destination, credentials: Credentials, agent: [UInt8]) {
        self.location = location
        self.destination = destination
        self.credentials = credentials
        self.agent = agent
    }

    /// Nil where the URL or a header of the document cannot be sent as it is.
    convenience init?(_ document: UpstreamDocument, tenant: TenantName, secrets: NodeSecrets, agent: String) {
        guard case .url(let url) = document.place, let location = Location(url) else { return nil }
        guard let credentials = Credentials(document, tenant: tenant, secrets: secrets) else { return nil }
        let destination = Destination(origin: location.origin, tenant: tenant, tls: TLSIdentity(document.tls))
        let namesAgent = document.headers.keys.contains { $0.lowercased() == "user-agent" }
        self.init(
            location, destination: destination, credentials: credentials, agent: namesAgent ? [] : Array("User-Agent: \(agent)\r\n".utf8))
    }

    var origin: Origin { destination.origin }

    /// The endpoint that an upstream names by a URI reference; nil where it is of another origin, as our credentials are not for that.
    func sibling(_ reference: String) -> Endpoint? {
        guard let other = location.resolving(reference), other.origin == origin else { return nil }
        return Endpoint(other, destination: destination, credentials: credentials, agent: agent)
    }

    /// The head of every request of this method that carries these further header lines.
    func prepared(_ lines: [HeaderLine] = [], method: Method = .post) -> PreparedHead {
        PreparedHead(of: self, method: method, lines: lines)
    }

    /// Sends all further requests where a redirect points to; false where that is another origin.
    func follow(_ reference: String) -> Bool {
        guard let next = target.resolving(reference), next.origin == origin else { return false }
        moved.withLock { $0 = next.target }
        moves.add(1, ordering: .releasing)
        return true
    }

    /// Goes back to the document's URL: what a redirect pointed to is not there any more.
    func forgetRedirect() {
        guard moves.load(ordering: .relaxed) > 0 else { return }
        let wasMoved = moved.withLock { moved in
            defer { moved = nil }
            return moved != nil
        }
        if wasMoved { moves.add(1, ordering: .releasing) }
    }

    /// Changes when heads have to be built anew; throws where the credentials cannot be had.
    func generation() throws(HTTPFailure) -> Int { moves.load(ordering: .acquiring) &+ (try credentials.generation()) }

    /// All header lines of such a request but its content length.
    func head(_ method: Method, _ lines: [HeaderLine]) throws(HTTPFailure) -> [UInt8] {
        var bytes = Array("\(method.rawValue) \(target.target) HTTP/1.1\r\nHost: \(origin.authority)\r\n".utf8)
        bytes += method == .post ? Self.contentLines : Self.streamLines
        bytes += agent + (try credentials.lines())
        for line in lines { bytes += Array("\(line.name): \(line.value)\r\n".utf8) }
        return bytes
    }

    private var target: Location { moved.withLock { $0 }.map { location.moved(to: $0) } ?? location }
}
