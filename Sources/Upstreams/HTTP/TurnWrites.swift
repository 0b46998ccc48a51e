package import NIOCore

/// Sends what the sockets of one event loop were given in one of its turns when the turn ends: system calls of a kind follow each other, and
/// who reads what they send is woken once for many. Bound to its loop.
package final class TurnWrites {
    private let loop: any EventLoop
    private var written: [ChannelHandlerContext] = []
    /// Keeps its memory for the next turn.
    private var sending: [ChannelHandlerContext] = []

    /// For the sockets of `loop`.
    package init(_ loop: any EventLoop) { self.loop = loop }

    /// Has what was written in `context` sent at the end of this turn.
    package func flush(_ context: ChannelHandlerContext) {
        written.append(context)
        guard written.count == 1 else { return }
        loop.assumeIsolated().execute { self.flushAll() }
    }

    /// What is written meanwhile is sent in the next turn.
    private func flushAll() {
        swap(&written, &sending)
        for context in sending { context.flush() }
        sending.removeAll(keepingCapacity: true)
    }
}
