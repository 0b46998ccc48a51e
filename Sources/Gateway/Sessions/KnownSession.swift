import Governance
import MCPWire

/// A session together with what its agent says of itself: shared by all its requests, for it is large to copy.
final class KnownSession: Sendable {
    let session: Session
    /// Nil before the agent has said it.
    let profile: ClientProfile?

    /// `profile`, where it was read already.
    init(_ session: Session, profile: ClientProfile?) {
        self.session = session
        self.profile = profile
    }
}
