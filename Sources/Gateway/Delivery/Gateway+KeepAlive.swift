import Events
import Governance
import Logging

extension Gateway {
    /// Lets a session live on by one of its streams and tells those who watch. `renew` is false where the session is not to be spoken of;
    /// what is out of reach now is tried again at the next beat.
    func keepAlive(_ session: Session, _ renew: () async throws(StoreError) -> Bool) async {
        do throws(StoreError) {
            guard try await renew() else { return }
            if streams.hasWatches(session.id) { await takeOverWatches(of: session) }
            events.publish(Event(.sessionKeepalive, tenant: session.tenant, session: session.id, token: session.principal, node: node))
        } catch {
            logger.debug("keep-alive not recorded", metadata: ["session": "\(session.id)", "error": "\(error)"])
        }
    }
}
