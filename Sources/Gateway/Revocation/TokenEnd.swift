import Governance
import NIOCore

/// What ends a stream when the token that opened it is good no more. Belongs to the stream's loop.
struct TokenEnd {
    fileprivate let expiry: Alarms.Alarm
    fileprivate let place: WatchedStreams.Place
    fileprivate let revoked: RevokedTokens

    /// The stream has ended.
    func cancel() {
        expiry.cancel()
        revoked.unwatch(place)
    }
}

extension Gateway {
    /// Ends the stream, which is about to begin, when the token expires or is revoked. Call it on the reply's loop.
    func end(_ reply: HTTPReply, with grant: Grant) -> TokenEnd {
        TokenEnd(
            expiry: reply.end(at: grant.expires, now: now()), place: revoked.watch(grant, end: HeldStream(reply).end), revoked: revoked)
    }
}
