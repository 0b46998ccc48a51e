import NIOCore

/// A call under way on its event loop: its pauses, its progress, its end.
final class ToolPlay {
    /// What a play sends.
    enum Piece {
        case progress([UInt8])
        /// The last piece.
        case answer(ToolReply)
    }

    private let turn: ToolTurn
    private let record: ServerRecord
    private let loop: any EventLoop
    private let emit: (ToolPlay, Piece) -> Void
    private var step = 0
    private var timer: Scheduled<Void>?
    private var isOver = false

    init(_ turn: ToolTurn, record: ServerRecord, loop: any EventLoop, emit: @escaping (ToolPlay, Piece) -> Void) {
        self.turn = turn
        self.record = record
        self.loop = loop
        self.emit = emit
    }

    /// Begins; the answer may be emitted before this returns.
    func start() {
        if turn.performance.isParked { return park() }
        if turn.performance.pause > .zero || turn.performance.steps > 0 { wait() } else { end() }
    }

    /// Ends without an answer: there is nobody left to hear it.
    func cutOff() {
        guard finish() else { return }
        if turn.endsWithConnection { record.noteCancellation() }
    }

    private func park() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        record.park { bound.eventLoop.execute { bound.value.end() } }
    }

    private func wait() {
        timer = loop.assumeIsolated().scheduleTask(in: turn.performance.pause) { self.wake() }
    }

    private func wake() {
        let steps = turn.performance.steps
        guard step < steps else { return end() }
        step += 1
        if let token = turn.progressToken { emit(self, .progress(ToolText.progress(token, step: step, of: steps))) }
        if step == steps { end() } else { wait() }
    }

    private func end() {
        if finish() { emit(self, .answer(turn.reply)) }
    }

    /// False when it was over already.
    private func finish() -> Bool {
        guard !isOver else { return false }
        isOver = true
        timer?.cancel()
        record.ended()
        return true
    }
}
