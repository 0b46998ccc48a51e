import NIOCore

/// Which commands share a WAIT: all that came while the batch before them waited for its replicas. Decisions only, no I/O, no clock.
///
/// One batch is on its way at a time: WAIT stalls its connection, and a replica that is gone costs each command at most two timeouts.
struct WaitBatches<Item> {
    private struct Gathered {
        let item: Item
        let timeout: Int64
        let deadline: NIODeadline
    }

    private struct Member {
        /// Nil once it was told what came of it.
        var item: Item?
        let deadline: NIODeadline
        var reply: RedisValue?
    }

    private var gathered: [Gathered] = []
    private var batch: [Member] = []
    private var number = 0

    /// Takes in a command; true: flush at the end of this turn.
    mutating func submit(_ item: Item, timeout: Int64, deadline: NIODeadline) -> Bool {
        gathered.append(Gathered(item: item, timeout: timeout, deadline: deadline))
        return gathered.count == 1 && batch.isEmpty
    }

    /// What to send now, in this order, and the WAIT behind it.
    struct Flush {
        /// Of the batch: what is answered to another is no concern of this one.
        let number: Int
        var members: [(item: Item, deadline: NIODeadline)]
        /// Of the WAIT, milliseconds.
        var timeout: Int64
        /// By when the WAIT must be answered.
        var deadline: NIODeadline
    }

    /// Begins a batch of all that was gathered; nil while one is on its way, or where there is nothing.
    mutating func flush() -> Flush? {
        guard batch.isEmpty, let first = gathered.first else { return nil }
        number += 1
        var flush = Flush(number: number, members: [], timeout: first.timeout, deadline: first.deadline)
        for entry in gathered {
            flush.members.append((entry.item, entry.deadline))
            flush.timeout = max(flush.timeout, entry.timeout)
            flush.deadline = max(flush.deadline, entry.deadline)
            batch.append(Member(item: entry.item, deadline: entry.deadline))
        }
        gathered.removeAll(keepingCapacity: true)
        return flush
    }

    /// Takes in what came of a batch's command at `index`: a reply is kept until the WAIT is answered. Answers whom to tell of a failure now.
    mutating func answered(
        _ index: Int, of number: Int, by result: Result<RedisValue, RedisError>
    ) -> (item: Item, error: RedisError)? {
        guard number == self.number, batch.indices.contains(index), let item = batch[index].item else { return nil }
        switch result {
        case .success(.error(let text)):
            batch[index].item = nil
            return (item, RedisError(reply: text))
        case .success(let reply):
            batch[index].reply = reply
            return nil
        case .failure(let error):
            batch[index].item = nil
            return (item, error)
        }
    }

    /// Whom to tell what.
    typealias Told = [(item: Item, result: Result<Acknowledged, RedisError>)]

    /// The batch is over by the answer to its WAIT. Its commands were sent before it, so each has its reply or was told of its failure.
    mutating func acknowledged(by result: Result<RedisValue, RedisError>) -> Told {
        let outcome = Self.replicas(result)
        let told: Told = batch.compactMap { member in
            guard let item = member.item else { return nil }
            guard let reply = member.reply else { return (item, .failure(.unavailable("no reply before that to WAIT"))) }
            return (item, outcome.map { Acknowledged(value: reply, replicas: $0) })
        }
        batch.removeAll(keepingCapacity: true)
        return told
    }

    /// Without a count it is unknown who has what was written.
    private static func replicas(_ result: Result<RedisValue, RedisError>) -> Result<Int, RedisError> {
        switch result {
        case .success(.integer(let count)): .success(Int(clamping: count))
        case .success(.error(let text)): .failure(.unavailable("WAIT: \(text)"))
        case .success: .failure(.unavailable("WAIT is not answered by a number"))
        case .failure(let error): .failure(.unavailable("no acknowledgement: \(error)"))
        }
    }

    /// Takes out what has run out of time: gathered and not sent yet, or replied to and not yet acknowledged.
    mutating func expire(now: NIODeadline) -> Told {
        var told: Told = []
        gathered.removeAll { entry in
            guard entry.deadline <= now else { return false }
            told.append((entry.item, .failure(.notSent("others were waiting for replicas"))))
            return true
        }
        for index in batch.indices where batch[index].deadline <= now && batch[index].reply != nil {
            guard let item = batch[index].item else { continue }
            batch[index].item = nil
            told.append((item, .failure(.unavailable("no acknowledgement in time"))))
        }
        return told
    }

    /// When `expire` is next to be called; nil while there is nothing to wait for.
    var nextExpiry: NIODeadline? {
        var next = gathered.lazy.map(\.deadline).min()
        for member in batch where member.item != nil { next = min(next ?? member.deadline, member.deadline) }
        return next
    }

    /// Ends for good: what was never sent.
    mutating func stop() -> [Item] {
        let items = gathered.map(\.item)
        gathered.removeAll()
        return items
    }
}
