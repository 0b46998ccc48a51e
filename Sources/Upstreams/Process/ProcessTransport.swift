import Governance
import Logging
import MCPWire
import NIOCore
import Synchronization

/// Speaks with an upstream that is a process of this node, over its standard streams. There is one process at a time, whose session all
/// calls share; `run` must be at work for there to be one.
final class ProcessTransport: UpstreamTransport {
    private let command: UpstreamDocument.Command
    private let host: Launch.Host
    private let version: String
    private let logger: Logger
    private let timings: ProcessTimings
    private let owner = TaskOwner()
    private let current: Mutex<ServerProcess?> = Mutex(nil)

    /// `version` is the gateway's own, told to the upstream.
    init(
        _ command: UpstreamDocument.Command, on host: Launch.Host, version: String, logger: Logger,
        timings: ProcessTimings = ProcessTimings()
    ) {
        self.timings = timings
        self.command = command
        self.host = host
        self.version = version
        self.logger = logger
    }

    /// The process there is now.
    var process: ServerProcess? { current.withLock { $0 } }

    /// Runs the processes until it is cancelled; returns when the last is gone.
    func run() async { await owner.run() }

    /// A session with the process, which is started where there is none and kept as long as there is a session. It is given its time to start, however often it is asked for
    /// meanwhile; one that does not answer any more is replaced.
    func open(
        as profile: ClientProfile?, remembering terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> any UpstreamSession {
        if let process, !process.isOver {
            guard let session = process.session else { return try await process.session(before: deadline, on: lane.eventLoop) }
            if await session.isAnswering(on: lane, before: deadline) { return session }
            guard !Task.isCancelled else { throw .notDispatched(reason: HTTPFailure.Reason.cancelled.rawValue) }
            guard process.isOver else {
                process.stop()
                throw .notDispatched(reason: "the process does not answer")
            }
        }
        await process?.end(before: deadline)
        return try await start(remembering: terms, on: lane).session(before: deadline, on: lane.eventLoop)
    }

    /// The session is the process: it cannot be gone on with from elsewhere.
    func resume(_ terms: SessionTerms, as profile: ClientProfile?) -> (any UpstreamSession)? { nil }

    private func start(remembering terms: SessionTerms?, on lane: Lane) throws(UpstreamFailure) -> ServerProcess {
        let launch = try Launch(command, on: host)
        return try current.withLock { current throws(UpstreamFailure) in
            if let current, !current.isOver { return current }
            let process = ServerProcess(launch, on: lane, remembering: terms, version: version, timings: timings, logger: logger)
            guard owner.start(on: lane, { await process.run() }) else { throw .notDispatched(reason: "shutting down") }
            current = process
            return process
        }
    }
}
