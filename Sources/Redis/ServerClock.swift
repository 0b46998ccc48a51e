import Glibc
import NIOCore
import Synchronization

/// Redis' wall clock, carried on by our monotonic clock between two looks at it.
final class ServerClock: Sendable {
    private struct Anchor {
        /// Unix nanoseconds at monotonic zero.
        var offset: Int64
        var known: Bool
        /// Whose clock it is; nil: any server's.
        var owner: ServerAddress?
    }

    /// A reply that took longer says too little about when it was made.
    private static let staleness: TimeAmount = .milliseconds(250)

    private let anchor: Mutex<Anchor>

    /// Until the first look at Redis' clock it answers ours.
    init() {
        anchor = Mutex(Anchor(offset: Self.systemNanoseconds() - Int64(NIODeadline.now().uptimeNanoseconds), known: false))
    }

    /// Unix milliseconds.
    var milliseconds: Int64 {
        let offset = anchor.withLock { $0.offset }
        return (offset + Int64(NIODeadline.now().uptimeNanoseconds)) / 1_000_000
    }

    /// From now on only that server's clock counts, beyond the first look at any. What is known of another's is carried on until then.
    func follow(_ owner: ServerAddress?) { anchor.withLock { $0.owner = owner } }

    private static func systemNanoseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }

    /// Takes in `reply`, the answer of `server` to a TIME that was sent at `sent` and came in now; false when it is no such answer.
    @discardableResult
    func learn(_ reply: RedisValue, from server: ServerAddress, sent: NIODeadline, received: NIODeadline) -> Bool {
        guard let parts = reply.elements, parts.count == 2, let seconds = parts[0].number, let micros = parts[1].number,
            (0...1 << 33).contains(seconds), (0..<1_000_000).contains(micros)
        else { return false }
        let nanoseconds = seconds * 1_000_000_000 + micros * 1_000
        let offset = nanoseconds - Int64(received.uptimeNanoseconds)
        anchor.withLock { anchor in
            if anchor.known, received - sent > Self.staleness || (anchor.owner ?? server) != server { return }
            anchor.offset = offset
            anchor.known = true
        }
        return true
    }
}
