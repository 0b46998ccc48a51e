import MCPWire
import NIOCore

/// Listens to a stream that stays open, on which an upstream tells of itself.
struct Ear {
    /// How long it may take to open the stream.
    static let opening: TimeAmount = .seconds(30)
    /// The longest silence, after which the stream is taken to be dead: servers that mean well send a comment every few seconds.
    static let silence: TimeAmount = .minutes(5)
    /// Requests of the upstream that are answered in a minute: each answer takes a connection.
    private static let mostAsked = 32

    /// The statuses that say there is no such stream.
    static let refusals: Set<Int> = [400, 404, 405, 406, 501]

    let stream: ResponseStream

    /// Hands over each message until the stream ends, is cut, or `heard` answers false; answers whether it ended by itself.
    func listen(_ heard: (Message) -> Bool) async -> Bool {
        defer { stream.cancel() }
        while let message = try? await stream.next() {
            guard heard(message) else { return false }
        }
        return true
    }

    /// Counts the upstream's requests; answers whether one more may be answered.
    struct Patience {
        private var asked = 0
        private var since = NIODeadline.now()

        mutating func allows() -> Bool {
            if .now() - since > .minutes(1) { (asked, since) = (0, .now()) }
            asked += 1
            return asked <= Ear.mostAsked
        }
    }
}
