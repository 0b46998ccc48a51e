import Glibc
import Governance
import Logging
import MCPWire
import NIOCore
import Subprocess
import Synchronization

/// One process of an upstream's program, from its start to its end, and the session with it.
final class ServerProcess: Carrier {
    private struct State {
        var agreement: StreamSession.Agreement?
        /// Sessions that hold the process.
        var holders = 0
        /// Why there is no session (any more).
        var failure: UpstreamFailure?
        var id: pid_t?
        var isGone = false
    }

    /// What the life of a process waits for.
    private enum Step { case exited, stopped, negotiated }

    let stream = SharedStream()
    private let launch: Launch
    private let lane: Lane
    private let remembered: SessionTerms?
    private let version: String
    private let timings: ProcessTimings
    private let logger: Logger
    private let state = Mutex(State())
    private let changed = Bell()
    private let stopWanted = Bell()
    private let pipe: NIOLoopBoundBox<MessagePipe?>

    /// From the end of its input to SIGTERM, and from there to SIGKILL.
    private static let grace = Duration.seconds(2)

    init(_ launch: Launch, on lane: Lane, remembering terms: SessionTerms?, version: String, timings: ProcessTimings, logger: Logger) {
        self.launch = launch
        self.lane = lane
        remembered = terms
        self.version = version
        self.timings = timings
        self.logger = logger
        pipe = .makeEmptyBox(valueType: MessagePipe.self, eventLoop: lane.eventLoop)
    }

    /// A session of its own for the caller; nil while there is none, or none any more.
    var session: StreamSession? {
        let agreement = state.withLock { state -> StreamSession.Agreement? in
            guard state.failure == nil, let agreement = state.agreement else { return nil }
            state.holders += 1
            return agreement
        }
        return agreement.map { StreamSession($0, stream: stream, carrier: self) }
    }
    /// True when it has begun to end.
    var isOver: Bool { stream.isOver || state.withLock { $0.failure != nil } }
    /// The number of the process; nil before it is started.
    var id: pid_t? { state.withLock { $0.id } }

    /// The session, waiting for it while the program starts.
    func session(before deadline: NIODeadline, on eventLoop: any EventLoop) async throws(UpstreamFailure) -> StreamSession {
        while true {
            let seen = changed.count
            if let failure = state.withLock({ $0.failure }) { throw failure }
            if let session { return session }
            guard deadline > .now(), !Task.isCancelled else { throw .notDispatched(reason: "the process is still starting") }
            await changed.wait(after: seen, until: deadline, on: eventLoop)
        }
    }

    /// Returns when the process is gone, at the latest after the deadline.
    func end(before deadline: NIODeadline) async {
        stop()
        while deadline > .now(), !Task.isCancelled {
            let seen = changed.count
            if state.withLock({ $0.isGone }) { return }
            await changed.wait(after: seen, until: deadline, on: lane.eventLoop)
        }
    }

    /// Begins to end the process.
    func stop() {
        state.withLock { if $0.failure == nil { $0.failure = UpstreamFailure(.broken(.processEnded)) } }
        stopWanted.ring()
        changed.ring()
    }

    /// Starts the process, opens the session, and returns when the process and its group are gone. When it is to end, be it by `stop` or
    /// by cancellation, its input is closed, after two seconds its group gets SIGTERM, after two more SIGKILL.
    func run() async {
        await withTaskCancellationHandler {
            do {
                let pipes = try await openPipes()
                await live(pipes)
                try? await pipes.messages.close()
                try? await pipes.errorOutput.close()
            } catch {
                failed(.notDispatched(reason: HTTPFailure.Reason.notStarted.rawValue))
            }
        } onCancel: {
            closeInput()
        }
        stream.end(.broken(.processEnded))
        failed(UpstreamFailure(.broken(.processEnded)))
        state.withLock { $0.isGone = true }
        changed.ring()
    }

    private func live(_ pipes: ProcessPipes) async {
        await withTaskGroup(of: Step.self) { group in
            group.addTask {
                await self.execute(pipes)
                return .exited
            }
            group.addTask {
                await self.stopWanted.wait(after: 0, until: .now() + .hours(24 * 365 * 100), on: self.lane.eventLoop)
                return .stopped
            }
            group.addTask {
                await self.negotiate()
                return .negotiated
            }
            while let step = await group.next(), step == .negotiated {}
            failed(UpstreamFailure(.broken(.processEnded)))
            closeInput()
            group.cancelAll()
        }
    }

    /// Runs the program to its end; when cancelled, ends it.
    private func execute(_ pipes: ProcessPipes) async {
        do {
            let result = try await Subprocess.run(
                configuration, input: .fileDescriptor(bridged(pipes.input), closeAfterSpawningProcess: true),
                output: .fileDescriptor(bridged(pipes.output), closeAfterSpawningProcess: true),
                error: .fileDescriptor(bridged(pipes.errors), closeAfterSpawningProcess: true)
            ) { execution in state.withLock { $0.id = execution.processIdentifier.value } }
            logger.debug("an upstream's process ended", metadata: ["status": "\(result.terminationStatus)"])
        } catch {
            // What the error says may quote the environment.
            let code = (error as? SubprocessError).map { "\($0.code)" } ?? "cancelled"
            logger.debug("an upstream's program did not run", metadata: ["reason": "\(code)"])
            if id == nil { failed(.notDispatched(reason: HTTPFailure.Reason.notStarted.rawValue)) }
        }
        // Those it has left behind.
        if let id { kill(-id, SIGKILL) }
    }

    private var configuration: Configuration {
        var options = PlatformOptions()
        options.createSession = true
        // Signal 0 is none: a pause in which the end of its input may be enough.
        options.teardownSequence = [
            .send(signal: Signal(rawValue: 0), allowedDurationToNextStep: Self.grace),
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: Self.grace),
        ]
        return Configuration(
            executable: .path(spelled(launch.program)), arguments: Arguments(launch.arguments),
            environment: .custom(launch.environment.map { Array("\($0.key)=\($0.value)".utf8) + [0] }),
            workingDirectory: launch.directory.map { spelled($0) }, platformOptions: options)
    }

    private func negotiate() async {
        let opening = StreamOpening(
            stream: stream, carrier: self, transport: .stdio, version: version, lane: lane, patience: timings.patience)
        do throws(UpstreamFailure) {
            let agreement = try await opening.agreement(remembering: remembered, before: .now() + timings.start)
            state.withLock { $0.agreement = agreement }
            changed.ring()
            stopIfUnused(after: timings.unused)
        } catch {
            failed(error)
            stopWanted.ring()
        }
    }

    private func failed(_ failure: UpstreamFailure) {
        state.withLock { if $0.failure == nil { $0.failure = failure } }
        changed.ring()
    }

    private func openPipes() async throws -> ProcessPipes {
        let (pipe, stream, logger, environment) = (pipe, stream, logger, launch.environment)
        return try await ProcessPipes.open(on: lane.eventLoop) { channel in
            let handler = MessagePipe(stream, on: channel.eventLoop)
            try channel.pipeline.syncOperations.addHandler(handler)
            pipe.value = handler
        } errors: { channel in
            try channel.pipeline.syncOperations.addHandler(ErrorOutput(logger: logger, hiding: environment))
        }
    }

    private func closeInput() {
        lane.eventLoop.execute { [pipe] in pipe.value?.closeInput() }
    }
}

/// Messages to the process.
extension ServerProcess {
    func send(_ message: [UInt8], isCall: Bool, on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) -> Bool {
        let (pipe, eventLoop) = (pipe, self.lane.eventLoop)
        let write = NIOLoopBoundBox.makeEmptyBox(valueType: MessageWrite.self, eventLoop: eventLoop)
        let failure = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<HTTPFailure?, Never>) in
                eventLoop.execute {
                    guard let pipe = pipe.value else { return continuation.resume(returning: .unsent(.processEnded)) }
                    write.value = pipe.write(message, before: deadline) { continuation.resume(returning: $0) }
                }
            }
        } onCancel: {
            eventLoop.execute { if let write = write.value { pipe.value?.giveUp(write, .cancelled) } }
        }
        guard let failure else { return true }
        guard failure != .unsent(.processEnded) else { return false }
        throw UpstreamFailure(failure)
    }

    func post(_ message: [UInt8]) {
        lane.eventLoop.execute { [pipe] in _ = pipe.value?.write(message, before: .distantFuture) }
    }

    /// The last who holds the process ends it, unless another comes soon.
    func close() {
        let isLast = state.withLock { state in
            state.holders -= 1
            return state.holders == 0
        }
        if isLast { stopIfUnused(after: timings.linger) }
    }

    private func stopIfUnused(after time: TimeAmount) {
        lane.eventLoop.scheduleTask(in: time) { [weak self] in
            guard let self, self.state.withLock({ $0.holders == 0 }) else { return }
            self.stop()
        }
    }
}

// Subprocess's interface has types of swift-system in it, a package that is nobody's dependency here; the protocols they fulfil are
// the standard library's.

/// A file's descriptor, which is what is made here, exists for every number: its initializer may fail only because the
/// protocol's may.
private func bridged<Value: RawRepresentable>(_ raw: Int32) -> Value where Value.RawValue == Int32 {
    guard let value = Value(rawValue: raw) else { fatalError("every number stands for a descriptor") }
    return value
}

private func spelled<Value: ExpressibleByStringLiteral>(_ text: String) -> Value where Value.StringLiteralType == String {
    Value(stringLiteral: text)
}
