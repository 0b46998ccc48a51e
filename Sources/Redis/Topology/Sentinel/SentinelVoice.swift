import Logging
import NIOCore

/// One sentinel: asked on one connection, heard on another. Used only on its loop.
final class SentinelVoice {
    /// By when it must have answered.
    private static let patience: TimeAmount = .milliseconds(500)

    let address: ServerAddress
    let loop: any EventLoop
    private let questions: [EncodedCommand]
    private let link: Link
    private let feed: SentinelFeed
    private let isTroubled: () -> Bool
    private let onAnswer: (SentinelTestimony?) -> Void
    private var pace = SentinelPace()
    private var answers: [Result<RedisValue, RedisError>] = []
    private var isAsking = false
    private var hasNews = false
    private var hasStopped = true
    private var timer: (at: NIODeadline, scheduled: Scheduled<Void>)?
    private var random = SystemRandomNumberGenerator()

    /// `onAnswer` is told each answer, nil for none; `onNews` that the sentinel tells of a change; `isTroubled` says whether to ask often.
    init(
        _ address: ServerAddress, of master: String, configuration: RedisConfiguration, loop: any EventLoop, logger: Logger,
        isTroubled: @escaping () -> Bool, onNews: @escaping () -> Void, onAnswer: @escaping (SentinelTestimony?) -> Void
    ) {
        self.address = address
        self.loop = loop
        self.isTroubled = isTroubled
        self.onAnswer = onAnswer
        questions = SentinelTestimony.questions(of: master).map { EncodedCommand($0) }
        link = Link(
            address, loop: loop, configuration: configuration, clock: ServerClock(), run: ServerRun(), readiness: LinkReadiness(),
            logger: logger, onLoss: { _ in })
        feed = SentinelFeed(address, configuration: configuration, loop: loop, logger: logger, onNews: onNews)
    }

    /// Asks and hears it from now on.
    func start(_ dialer: Dialer) {
        hasStopped = false
        link.start(dialer)
        feed.start(dialer)
        ask()
    }

    /// Closes the connections. Done when no attempt to connect is under way any more.
    func stop() -> EventLoopFuture<Void> {
        hasStopped = true
        timer?.scheduled.cancel()
        timer = nil
        return link.stop().and(feed.stop()).map { _ in }
    }

    /// There is news: it is asked soon.
    func hurry() {
        if isAsking { hasNews = true } else { wake(at: pace.next(news: .now())) }
    }

    /// Sends a command of another's; `tell` is told the reply.
    func ask(_ command: EncodedCommand, tell: @escaping (Result<RedisValue, RedisError>) -> Void) {
        let now = NIODeadline.now()
        link.submit(PendingCommand(command, for: .batch(tell)), deadline: now + Self.patience, now: now)
    }

    private func ask() {
        guard !hasStopped, !isAsking else { return }
        isAsking = true
        hasNews = false
        answers = []
        pace.asked(now: .now())
        for question in questions { ask(question) { self.answered(by: $0) } }
    }

    /// Replies and failures come in the order of the questions.
    private func answered(by answer: Result<RedisValue, RedisError>) {
        answers.append(answer)
        guard answers.count == questions.count else { return }
        isAsking = false
        guard !hasStopped else { return }
        onAnswer(SentinelTestimony(answers))
        let now = NIODeadline.now()
        wake(at: hasNews ? pace.next(news: now) : pace.next(isTroubled: isTroubled(), now: now, using: &random))
    }

    /// Asks at `time`, unless that is to be sooner.
    private func wake(at time: NIODeadline) {
        if let timer, timer.at <= time { return }
        timer?.scheduled.cancel()
        let scheduled = loop.assumeIsolated().scheduleTask(deadline: time) {
            self.timer = nil
            self.ask()
        }
        timer = (time, scheduled)
    }
}
