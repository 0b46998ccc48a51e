import NIOCore

/// The deadlines of the connection. One alarm serves them all, and while a request is served there is none: an idle stream costs nothing.
extension ExchangeHandler {
    /// From now on this is waited for. An alarm that is set is left alone where it rings early enough.
    func expect(_ wait: ConnectionWait) {
        deadline.wait = wait
        guard let steps = terms.steps(of: wait) else { return deadline.due = .max }
        deadline.due = alarms.now + steps
        if let alarm = deadline.alarm {
            guard deadline.due < alarm.step else { return }
            alarm.cancel()
        }
        setAlarm(by: deadline.due)
    }

    /// The agent must go on taking what is written for it, of which something did not leave at once.
    func expectReader() {
        guard deadline.wait != .reader, deadline.wait != .farewell else { return }
        deadline.taken = deadline.written - untaken
        expect(.reader)
    }

    /// No alarm rings any more.
    func forgetDeadline() {
        deadline.alarm?.cancel()
        deadline.alarm = nil
        deadline.due = .max
    }

    private func setAlarm(by step: Int64) {
        guard let context, context.channel.isActive else { return deadline.alarm = nil }
        deadline.alarm = alarms.set(at: min(step, alarms.now + terms.mostAhead)) { [self] in rang() }
    }

    private func rang() {
        deadline.alarm = nil
        guard deadline.due <= alarms.now else {
            if deadline.due != .max { setAlarm(by: deadline.due) }
            return
        }
        switch deadline.wait {
        case .nothing: break
        case .head where hasBegunRequest: refuseLate()
        case .handshake, .head, .farewell: cutOff(deadline.wait)
        case .body: bodyIsLate()
        case .request where untaken == 0: cutOff(.request)
        case .request, .reader: readerIsLate()
        }
    }

    /// What has come of it gives it more time.
    private func bodyIsLate() {
        let most = deadline.due + terms.steps(forBytes: bytesOfBody)
        most <= alarms.now ? refuseLate() : setAlarm(by: most)
    }

    private func readerIsLate() {
        let (left, before) = (untaken, deadline.taken)
        guard left > 0 else { return expect(isServing ? .nothing : .request) }
        deadline.taken = deadline.written - left
        deadline.taken > before ? expect(deadline.wait) : cutOff(.reader)
    }

    private func refuseLate() {
        guard let context else { return }
        ConnectionMetrics.cut(deadline.wait)
        refuse(.tooSlow, context)
    }

    private func cutOff(_ wait: ConnectionWait) {
        if wait != .farewell { ConnectionMetrics.cut(wait) }
        context?.close(promise: nil)
    }

    /// Bytes that were written and have not left.
    private var untaken: Int { (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }
}
