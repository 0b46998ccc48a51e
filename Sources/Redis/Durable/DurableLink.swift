import NIOCore

/// Who waits for a reply and its acknowledgement.
typealias AcknowledgedContinuation = CheckedContinuation<Result<Acknowledged, RedisError>, Never>

/// One event loop's way to one server for commands that a number of replicas must have: carries out what its batches decide.
///
/// Used only on its loop. It connects with its first command.
final class DurableLink {
    private struct Durably {
        let command: EncodedCommand
        let asking: Bool
        let caller: AcknowledgedContinuation
    }

    private let loop: any EventLoop
    private let link: Link
    private let replicas: Int
    private var batches = WaitBatches<Durably>()
    private var timer: (at: NIODeadline, scheduled: Scheduled<Void>)?
    private var hasStopped: Bool

    /// `hasStopped`: it takes nothing until it is started.
    init(_ link: Link, replicas: Int, loop: any EventLoop, dialer: Dialer?, hasStopped: Bool) {
        self.link = link
        self.replicas = replicas
        self.loop = loop
        self.hasStopped = hasStopped
        if let dialer { link.start(dialer) }
    }

    /// Begins to connect.
    func start(_ dialer: Dialer) {
        hasStopped = false
        link.start(dialer)
    }

    /// Closes the connection; whatever waits fails.
    func stop() -> EventLoopFuture<Void> {
        hasStopped = true
        timer?.scheduled.cancel()
        timer = nil
        for item in batches.stop() { item.caller.resume(returning: .failure(.notSent(RedisError.stopped))) }
        return link.stop()
    }

    /// Sends the command with the next batch; its caller hears of it by `deadline`.
    func submit(
        _ command: EncodedCommand, asking: Bool, timeout: Int64, deadline: NIODeadline, for caller: AcknowledgedContinuation
    ) {
        guard !hasStopped else { return caller.resume(returning: .failure(.notSent(RedisError.stopped))) }
        if batches.submit(Durably(command: command, asking: asking, caller: caller), timeout: timeout, deadline: deadline) {
            loop.assumeIsolated().execute { self.flush() }
        }
        wake(at: deadline)
    }

    private func flush() {
        guard !hasStopped, let flush = batches.flush() else { return }
        let now = NIODeadline.now()
        for (index, member) in flush.members.enumerated() {
            let command = PendingCommand(member.item.command, for: .batch { self.answered(index, of: flush.number, by: $0) })
            if member.item.asking { link.submit(.asking, deadline: member.deadline, now: now) }
            link.submit(command, deadline: member.deadline, now: now)
        }
        let wait = EncodedCommand(["WAIT", .integer(Int64(replicas)), .integer(flush.timeout)])
        link.submit(PendingCommand(wait, for: .batch { self.acknowledged(by: $0) }), deadline: flush.deadline, now: now)
    }

    private func answered(_ index: Int, of number: Int, by result: Result<RedisValue, RedisError>) {
        guard let failed = batches.answered(index, of: number, by: result) else { return }
        failed.item.caller.resume(returning: .failure(failed.error))
    }

    private func acknowledged(by result: Result<RedisValue, RedisError>) {
        tell(batches.acknowledged(by: result))
        // Not at once: the link may be in the middle of failing all it had.
        loop.assumeIsolated().execute { self.flush() }
    }

    private func tell(_ told: WaitBatches<Durably>.Told) {
        for (item, result) in told { item.caller.resume(returning: result) }
    }

    /// Makes sure that what is due at `deadline` is looked at then.
    private func wake(at deadline: NIODeadline) {
        if let timer, timer.at <= deadline { return }
        timer?.scheduled.cancel()
        timer = (deadline, loop.assumeIsolated().scheduleTask(deadline: deadline) { self.expire() })
    }

    private func expire() {
        timer = nil
        tell(batches.expire(now: .now()))
        if let next = batches.nextExpiry { wake(at: max(next, .now() + .milliseconds(2))) }
    }
}
