/// Whoever remembers what the `control` channel may say is no longer so.
package protocol ControlListener: Sendable {
    /// Must not block: it comes on an event loop.
    func heard(_ message: ControlMessage)
    /// Messages may have been missed.
    func reconnected()
}
