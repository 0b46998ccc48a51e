package import NIOHTTP1

/// A whole answer.
package struct OneShotReply: Sendable {
    package let status: UInt
    package let headers: HTTPHeaders
    package let body: [UInt8]
}

/// Why there is none.
package enum OneShotError: Error, Sendable, Hashable {
    /// In the words of the system; no name, address or text of the peer is in it.
    case unreachable(String)
    /// Not whole in time.
    case timedOut
    /// More bytes than were wanted.
    case tooLarge
    /// The connection ended before the answer did.
    case closed
    case cancelled
}
