import HTTPWire
import NIOCore

/// One request and its response on one connection, read only as fast as it is asked for. Bound to the connection's event loop.
final class HTTPExchange {
    /// Nil once the response is whole, given up or failed.
    private var connection: HTTPConnection?
    private let eventLoop: any EventLoop
    private var head: ResponseHead?
    /// Mostly there is one piece, which needs no array.
    private var piece: ByteBuffer?
    private var furtherPieces: [ByteBuffer] = []
    private var failure: HTTPFailure?
    private var waiter: ChangeContinuation?
    private(set) var isWhole = false
    /// True when every byte of the request was handed to the system.
    var isSent = false

    /// Its connection has served others before.
    let isOnKept: Bool

    init(on connection: HTTPConnection, eventLoop: any EventLoop, isOnKept: Bool) {
        self.isOnKept = isOnKept
        self.connection = connection
        self.eventLoop = eventLoop
    }

    /// The response's head; the exchange is over when it throws.
    func responseHead() async throws(HTTPFailure) -> ResponseHead {
        while true {
            if let head { return head }
            if let failure { throw failure }
            await change()
        }
    }

    /// The next piece of the body; nil at its end.
    func nextPiece() async throws(HTTPFailure) -> ByteBuffer? {
        while true {
            if let piece {
                self.piece = furtherPieces.isEmpty ? nil : furtherPieces.removeFirst()
                return piece
            }
            if isWhole { return nil }
            if let failure { throw failure }
            await change()
        }
    }

    /// The body, where it is whole and came in one piece.
    func takeOnlyPiece() -> ByteBuffer? {
        guard isWhole, furtherPieces.isEmpty, let piece else { return nil }
        self.piece = nil
        return piece
    }

    /// The rest of the response may take until then, whatever was said before.
    func extend(to deadline: NIODeadline) { connection?.extend(to: deadline) }

    /// True while the response is not whole, given up or failed.
    var isOpen: Bool { connection != nil }

    /// Gives the response up: its connection is closed, unless all of it has been read.
    func cancel() {
        guard let connection else { return }
        received(failure: isSent ? .broken(.cancelled) : .unsent(.cancelled))
        connection.close()
    }

    /// Wants no more of the response; its connection may be used again when the rest is short.
    func finish() {
        guard let connection else { return }
        self.connection = nil
        isWhole = true
        connection.drain()
    }

    /// Suspends until the connection reports something, and lets it read on meanwhile.
    private func change() async {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        await withTaskCancellationHandler {
            await withChangeContinuation { continuation in
                waiter = continuation
                connection?.readOn()
            }
        } onCancel: {
            bound.eventLoop.execute { bound.value.cancel() }
        }
    }

    private func wake() {
        guard let waiter else { return }
        self.waiter = nil
        waiter.resume()
    }
}

/// What the connection reports.
extension HTTPExchange {
    /// True while someone waits for more.
    var wantsMore: Bool { waiter != nil }
    /// The head has come.
    func received(head: ResponseHead) {
        self.head = head
        wake()
    }

    /// A piece of the body has come.
    func received(piece: ByteBuffer) {
        if self.piece == nil { self.piece = piece } else { furtherPieces.append(piece) }
        wake()
    }

    /// The response is whole; the connection goes its own way.
    func receivedEnd() {
        // A body may end with its connection: one that we close is not whole.
        guard connection != nil else { return }
        isWhole = true
        connection = nil
        wake()
    }

    /// There will be no (more) response.
    func received(failure: HTTPFailure) {
        guard connection != nil else { return }
        connection = nil
        self.failure = failure
        wake()
    }
}
