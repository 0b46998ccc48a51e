import Governance
import MCPWire

/// A session together with what its agent says of itself: shared by all its requests, for it is large to copy.
final class KnownSession: Sendable {
    let session: Session
    /// Nil before the agent has said it.
    let profile: ClientProfile?
    /// What was agreed on; nil before a handshake, and where there is none.
    let dialect: Dialect?
    /// The least level of log messages that the agent wants; nil while it has not said so.
    let logLevel: LogLevel?

    /// `profile`, where it was read already.
    init(_ session: Session, profile: ClientProfile?) {
        self.session = session
        self.profile = profile
        dialect = session.dialect
        logLevel = session.logLevel.flatMap { LogLevel(rawValue: $0) }
    }

    /// Its handshake is over, as far as is known: over HTTP+SSE any node may have been asked for it.
    var isAgreed: Bool { session.transport != .sse || session.revision != nil }

    /// It was opened with this grant's token.
    func isOpened(by grant: Grant) -> Bool { session.principal == grant.token && session.tenant == grant.tenant }
}
