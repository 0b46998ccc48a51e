import Foundation
import Glibc
import Synchronization

/// Shows on standard error, where that is a terminal, that a command is under way: from a second on, twice a second.
final class Progress: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        var note = ""
        /// The terminal's last line is ours.
        var isShown = false
        var hasEnded = false
    }

    /// The one that may have a line on the terminal.
    private static let current = Mutex<Progress?>(nil)

    private let what: String
    private let isVisible: Bool
    private let state = Mutex(State())

    /// `what` is done; `isVisible`: there is someone to see it.
    init(_ what: String = "working", isVisible: Bool = isatty(STDERR_FILENO) == 1) {
        self.what = what
        self.isVisible = isVisible
    }

    /// From now on the time counts.
    func begin() {
        guard isVisible else { return }
        let begin = ContinuousClock.now
        let task = Task { [weak self] in
            try? await Task.sleep(for: .seconds(1))
            while !Task.isCancelled {
                self?.show(after: ContinuousClock.now - begin)
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
        state.withLock { $0.task = task }
        Self.current.withLock { $0 = self }
    }

    /// Takes away the line of whatever is under way.
    static func makeRoom() { current.withLock { $0 }?.clear() }

    /// What is shown beside the time from now on.
    func note(_ text: String) { state.withLock { $0.note = text } }

    /// Takes the line away, so that something else can be written.
    func clear() {
        state.withLock { state in
            guard state.isShown else { return }
            state.isShown = false
            Self.write("\r\u{1B}[K")
        }
    }

    /// Nothing is shown from now on.
    func end() {
        state.withLock { state in
            state.hasEnded = true
            state.task?.cancel()
        }
        clear()
    }

    private func show(after time: Duration) {
        state.withLock { state in
            guard !state.hasEnded else { return }
            state.isShown = true
            Self.write("\r\u{1B}[K\(what) … \(time.components.seconds) s\(state.note.isEmpty ? "" : ", \(state.note)")")
        }
    }

    private static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

/// Prints as the standard library does, but never behind a line of progress: standard output may be the same terminal.
func print(_ text: Any, terminator: String = "\n") {
    Progress.makeRoom()
    Swift.print(text, terminator: terminator)
}
