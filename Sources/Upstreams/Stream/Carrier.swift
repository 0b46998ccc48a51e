import NIOCore

/// Takes messages to an upstream whose own messages all come on one stream.
protocol Carrier: AnyObject, Sendable {
    /// Sends a message and returns when it is sent; false where the upstream says that it knows no such session. A call is never sent
    /// twice, and throws `notDispatched` only where it cannot run any more.
    func send(_ message: [UInt8], isCall: Bool, on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) -> Bool
    /// Sends a message without waiting; one for which there is no room is dropped.
    func post(_ message: [UInt8])
    /// One of those who hold the stream needs it no more.
    func close()
}
