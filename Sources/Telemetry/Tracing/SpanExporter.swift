package import Logging
import Metrics
import ServiceLifecycle
import Synchronization

/// Sends ended spans to the collector in batches, and tries again what the collector asks for again. Calls never wait for it.
package final class SpanExporter: Service, CustomStringConvertible {
    package let description = "spans"
    private let queue: SpanQueue
    private let client: OTLPClient
    private let request: OTLPRequest
    private let logger: Logger
    /// Spans wait at most so long for others.
    private let interval: Duration
    /// What is left when the node stops has so long.
    private let farewell: Duration
    private let sent = Counter(label: "satgate_trace_spans_total", dimensions: [("outcome", "sent")])
    private let lost = Counter(label: "satgate_trace_spans_total", dimensions: [("outcome", "dropped")])
    private let isFailing = Atomic(false)
    private static let attempts = 5
    private static let tick = Duration.milliseconds(100)

    package init(
        _ queue: SpanQueue, to client: OTLPClient, of service: ServiceIdentity, logger: Logger, interval: Duration = .seconds(1),
        farewell: Duration = .seconds(3)
    ) {
        self.queue = queue
        self.client = client
        request = OTLPRequest(service: service)
        self.logger = logger
        self.interval = interval
        self.farewell = farewell
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                await awaitWork()
                await flush(attempts: Self.attempts)
            }
        }
        // Not in the cancelled task: what has ended so far is sent once more, if that goes fast.
        let last = Task { await flush(attempts: 1) }
        let limit = Task { [farewell] in
            try await Task.sleep(for: farewell)
            last.cancel()
        }
        await last.value
        limit.cancel()
        count(lost: queue.discard())
    }

    /// Returns after the interval, or once a batch is full.
    private func awaitWork() async {
        let end = ContinuousClock.now + interval
        while !Task.isCancelled, !queue.isDue, .now < end { try? await Task.sleep(for: Self.tick) }
    }

    /// Sends what is there.
    private func flush(attempts: Int) async {
        while !Task.isCancelled {
            let spans = queue.take()
            count(lost: queue.takeDropped())
            guard !spans.isEmpty else { return }
            await send(spans, attempts: attempts)
        }
    }

    private func send(_ spans: [SpanRecord], attempts: Int) async {
        let body = request.body(of: spans)
        var pause = Duration.seconds(1)
        for attempt in 1...attempts {
            switch await client.post(body) {
            case .accepted:
                sent.increment(by: spans.count)
                return recovered()
            case .refused(let status):
                failed("the collector answers \(status)")
                return count(lost: UInt64(spans.count))
            case .later(let reason, let after):
                // It stops: the farewell has another try at them.
                if Task.isCancelled { return queue.putBack(spans) }
                failed(reason)
                guard attempt < attempts else { break }
                try? await Task.sleep(for: min(after ?? pause, .seconds(60)) + .milliseconds(Int.random(in: 0...500)))
                if Task.isCancelled { return queue.putBack(spans) }
                pause = min(pause * 2, .seconds(30))
            }
        }
        count(lost: UInt64(spans.count))
    }

    private func count(lost number: UInt64) {
        guard number > 0 else { return }
        lost.increment(by: Int64(clamping: number))
        logger.debug("spans were dropped", metadata: ["count": "\(number)"])
    }

    private func failed(_ reason: String) {
        let isNew = !isFailing.exchange(true, ordering: .relaxed)
        logger.log(level: isNew ? .warning : .debug, "spans are not taken", metadata: ["reason": "\(reason)"])
    }

    private func recovered() {
        if isFailing.exchange(false, ordering: .relaxed) { logger.notice("spans are taken again") }
    }
}
