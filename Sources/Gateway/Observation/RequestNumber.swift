import Governance
import Logging
import MCPWire
import NIOCore
import Synchronization

/// Tells the requests of a node apart in its log and its traces. It is no secret, and nothing is looked up by it.
struct RequestNumber: Sendable, CustomStringConvertible {
    private static let count = Atomic<UInt64>(0)
    /// Another one after each start.
    private static let run = String(UInt32.random(in: .min ... .max), radix: 16)

    private let value = RequestNumber.count.add(1, ordering: .relaxed).newValue

    var description: String { "\(Self.run)-\(value)" }
}

extension Gateway {
    /// A logger for what happens to a request of the agent: each line names the request, and its trace where it has one.
    func logger(of agent: Agent) -> Logger {
        var logger = logger
        logger[metadataKey: "request"] = "\(agent.request)"
        if let trace = agent.traced.withLock({ $0 }) ?? agent.trace?.trace { logger[metadataKey: "trace"] = "\(trace)" }
        return logger
    }

    /// Tells of a request that was answered, or given up, to those who look closely.
    func noteServed(_ message: Message, of agent: Agent, _ observation: Observation) {
        guard logger.logLevel <= .debug else { return }
        let duration = (NIODeadline.now() - observation.began).nanoseconds / 1000
        logger(of: agent).debug(
            "request served",
            metadata: [
                "method": "\(Method.known(message.method))", "tenant": "\(agent.tenant.name)", "session": "\(agent.session.id)",
                "microseconds": "\(duration)",
            ])
    }
}
