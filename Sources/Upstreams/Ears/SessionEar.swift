import MCPWire
import NIOCore
import Synchronization

/// Listens to what an upstream says in one session outside of its answers, across lost connections, until it is closed or the upstream
/// offers no stream for it.
final class SessionEar: Sendable {
    private enum Standing { case opening, open, interrupted, closed }

    let session: any UpstreamSession
    private let lane: Lane
    private let heard: @Sendable (Message) -> Void
    private let standing = Mutex(Standing.opening)
    private let changed = Bell()
    private let stopWanted = Bell()

    /// A call does not wait longer than this for the stream to begin.
    static let patience = TimeAmount.seconds(3)

    /// Hands each message to `heard`, on whatever thread it comes.
    init(_ session: any UpstreamSession, on lane: Lane, _ heard: @escaping @Sendable (Message) -> Void) {
        self.session = session
        self.lane = lane
        self.heard = heard
    }

    /// True when nothing will be heard any more.
    var isOver: Bool { standing.withLock { $0 == .closed } }

    /// Listens until it is closed, there is nothing to listen to, or the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.listen() }
            group.addTask { await self.stopWanted.wait(after: 0, until: .distantFuture, on: self.lane.eventLoop) }
            await group.next()
            group.cancelAll()
        }
        close()
    }

    /// Returns when the stream has begun, or the first attempt to open it has failed, or at the deadline.
    func opened(before deadline: NIODeadline, on eventLoop: any EventLoop) async {
        while deadline > .now(), !Task.isCancelled {
            let seen = changed.count
            guard standing.withLock({ $0 == .opening }) else { return }
            await changed.wait(after: seen, until: deadline, on: eventLoop)
        }
    }

    /// Listens no more.
    func close() {
        become(.closed)
        stopWanted.ring()
    }

    private func listen() async {
        var backoff = Backoff(from: .milliseconds(200), to: .seconds(15))
        var place: StreamPlace?
        while !Task.isCancelled, !isOver {
            let begun = NIODeadline.now()
            do throws(UpstreamFailure) {
                switch try await session.hear(on: lane, after: place, { self.take($0) }) {
                case .unsupported where place?.event == nil: return
                // What it is to go on behind may not be kept any more.
                case .unsupported: place = nil
                case .ended(let last): place = last ?? place
                }
            } catch {}
            become(.interrupted)
            if .now() - begun > .seconds(15) { backoff.reset() }
            let pause = max(place?.pause ?? .milliseconds(0), backoff.next())
            await Bell().wait(after: 0, until: .now() + pause, on: lane.eventLoop)
        }
    }

    private func take(_ message: Message?) {
        if let message { heard(message) } else { become(.open) }
    }

    private func become(_ next: Standing) {
        standing.withLock { if $0 != .closed { $0 = next } }
        changed.ring()
    }
}

/// Where a stream that stays open was when it ended.
struct StreamPlace: Sendable, Hashable {
    /// The id of the last event.
    let event: String?
    /// How long the server wants to be left alone before the next connection.
    let pause: TimeAmount?

    init(event: String?, retry: Int?) {
        self.event = event.flatMap { event in
            event.utf8.count <= 1024 && event.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ? event : nil
        }
        pause = retry.map { .milliseconds(Int64(min(max($0, 50), 10_000))) }
    }
}

/// How hearing what an upstream says outside of its answers came to its end.
enum HearingEnd: Sendable, Hashable {
    /// There is no such stream, or no such session any more.
    case unsupported
    /// There was a stream, and it has ended.
    case ended(StreamPlace?)
}
