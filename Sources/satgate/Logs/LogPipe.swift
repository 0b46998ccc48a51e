import Dispatch
import Foundation
import Glibc
import Synchronization

/// Writes lines to a file descriptor on a thread of its own: who reads it slowly, or not at all, holds up no event loop. What does not fit
/// is left out, and told of.
final class LogPipe: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var isWriting = false
        var dropped = 0
    }

    /// Where the node's log goes.
    static let standardError = LogPipe(STDERR_FILENO)

    private let descriptor: Int32
    /// Bytes that may wait.
    private let limit: Int
    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)

    /// Its thread lives as long as the program.
    init(_ descriptor: Int32, limit: Int = 1 << 20) {
        self.descriptor = descriptor
        self.limit = limit
        let thread = Thread { [self] in
            while true {
                bell.wait()
                drain()
            }
        }
        thread.name = "log"
        thread.start()
    }

    /// Takes a line; never waits.
    func write(_ line: [UInt8]) {
        let isFirst = state.withLock { state in
            guard state.waiting.count + line.count <= limit else {
                state.dropped += 1
                return false
            }
            let isFirst = state.waiting.isEmpty
            state.waiting += line
            return isFirst
        }
        if isFirst { bell.signal() }
    }

    /// Returns when all that was taken is written, or after that time.
    func flush(within time: Duration) async {
        let end = ContinuousClock.now + time
        while .now < end, state.withLock({ !$0.waiting.isEmpty || $0.isWriting }) { try? await Task.sleep(for: .milliseconds(5)) }
    }

    private func drain() {
        while true {
            let (lines, dropped) = state.withLock { state -> ([UInt8], Int) in
                defer {
                    state.isWriting = !state.waiting.isEmpty
                    state.waiting = []
                    state.dropped = 0
                }
                return (state.waiting, state.dropped)
            }
            guard !lines.isEmpty else { return }
            put(lines)
            if dropped > 0 { put(Self.note(dropped)) }
        }
    }

    private static func note(_ dropped: Int) -> [UInt8] {
        let time = Date.now.ISO8601Format(.init(includingFractionalSeconds: true))
        return Array(
            #"{"time":"\#(time)","level":"error","logger":"satgate","message":"lines of the log were dropped","count":"\#(dropped)"}"#.utf8)
            + [UInt8(ascii: "\n")]
    }

    /// What cannot be written is lost: nobody reads it.
    private func put(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                usleep(1000)
            } else if errno != EINTR {
                return
            }
        }
    }
}
