import Logging
import Synchronization

/// The keys of one issuer: fetched again and again, and at once when a token names one that is not known.
package final class IssuerKeys: Sendable {
    /// How often and how long.
    package struct Pace: Sendable {
        /// Between two fetches; up to a quarter less at random.
        package var interval = Duration.seconds(600)
        /// After a fetch that failed, doubled each time up to the interval.
        var pause = Duration.seconds(2)
        /// A token of an unknown key has them fetched only so long after the last fetch.
        var rest: Duration { min(.seconds(10), interval) }
        /// After so long without a fetch that succeeded they prove nothing any more: which were withdrawn is not known.
        var patience = Duration.seconds(86_400)

        package init() {}
    }

    /// What there is for a token.
    enum Found: Sendable {
        /// Some of these signed it, or no one.
        case keys([SigningKey])
        /// Which keys there are is not known.
        case unknown
    }

    private struct State {
        var keys: [SigningKey] = []
        /// When they came.
        var fetched: ContinuousClock.Instant?
        /// When the last attempt ended.
        var tried: ContinuousClock.Instant?
        var failures = 0
        var isRunning = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let documents: IssuerDocuments
    private let pace: Pace
    private let metrics: IssuerMetrics
    private let logger: Logger
    private let onWithdrawal: @Sendable () -> Void
    private let state = Mutex(State())
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    /// Requests that wait for one fetch; more are answered without.
    private static let mostWaiting = 1024

    /// `onWithdrawal` is called when a key that was known is not there any more.
    init(_ documents: IssuerDocuments, pace: Pace, logger: Logger, onWithdrawal: @escaping @Sendable () -> Void) {
        self.documents = documents
        self.pace = pace
        self.logger = logger
        self.onWithdrawal = onWithdrawal
        metrics = IssuerMetrics(documents.terms.issuer)
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The keys that fit the token; where there are none, or they are too old, they are fetched first.
    func find(for token: JWTShape) async -> Found {
        if case .keys(let keys) = known(for: token), !keys.isEmpty { return .keys(keys) }
        await nextFetch()
        return known(for: token)
    }

    private func known(for token: JWTShape) -> Found {
        state.withLock { state in
            guard let fetched = state.fetched, .now - fetched < pace.patience else { return .unknown }
            return .keys(state.keys.filter { $0.fits(token) })
        }
    }

    /// Returns when the next fetch has ended, at once where none is to be made now.
    private func nextFetch() async {
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                guard state.isRunning, state.waiting.count < Self.mostWaiting else { return false }
                guard !state.waiting.isEmpty || state.tried.map({ .now - $0 >= pace.rest }) ?? true else { return false }
                state.waiting.append(continuation)
                return true
            }
            if waits { ring.yield() } else { continuation.resume() }
        }
    }

    /// Fetches until cancelled.
    func run() async {
        state.withLock { $0.isRunning = true }
        await withDiscardingTaskGroup { group in
            group.addTask {
                self.ring.yield()
                while (try? await Task.sleep(for: self.pauseBeforeNext())) != nil { self.ring.yield() }
                self.ring.finish()
            }
            for await _ in bell { await fetch() }
            group.cancelAll()
        }
        state.withLock { $0.isRunning = false }
        release()
    }

    private func pauseBeforeNext() -> Duration {
        let failures = state.withLock { $0.failures }
        let usual = failures == 0 ? pace.interval : min(pace.interval, pace.pause * (1 << min(failures - 1, 10)))
        return usual * Double.random(in: 0.75...1)
    }

    /// Fetches them and keeps nothing of it.
    func attempt() async -> Result<Int, IssuerError> {
        do throws(IssuerError) { return .success(try await documents.keys().count) } catch { return .failure(error) }
    }

    private func fetch() async {
        do throws(IssuerError) {
            take(try await documents.keys())
        } catch {
            metrics.missed()
            state.withLock { state in
                state.failures += 1
                state.tried = .now
            }
            if !Task.isCancelled {
                logger.warning("keys not fetched", metadata: ["issuer": "\(documents.terms.issuer)", "error": "\(error)"])
            }
        }
        release()
    }

    private func take(_ keys: [SigningKey]) {
        metrics.took(keys.count)
        let hasLost = state.withLock { state in
            let gone = Set(state.keys.map(\.material)).subtracting(keys.map(\.material))
            state.keys = keys
            state.fetched = .now
            state.tried = .now
            state.failures = 0
            return !gone.isEmpty
        }
        guard hasLost else { return }
        logger.info("keys withdrawn", metadata: ["issuer": "\(documents.terms.issuer)"])
        onWithdrawal()
    }

    private func release() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
