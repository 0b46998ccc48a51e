package import Governance
package import Logging
package import NIOCore
package import NIOPosix

/// Speaks with an upstream once, as a node would, to see whether it can be reached from here and what it is.
package struct UpstreamTrial: Sendable {
    /// What was found.
    package struct Finding: Sendable, Hashable {
        package let terms: SessionTerms
        /// Its name and version as it tells them.
        package let server: String?
        package let tools: Int
        /// From the first byte to the whole list, ms.
        package let latency: Int64
    }

    private let lane: Lane
    private let transports: Transports

    /// Throws where the system's trusted certificates cannot be read.
    package init(
        group: MultiThreadedEventLoopGroup, version: String, egress: EgressPolicy, environment: [String: String], guardian: [String],
        logger: Logger
    ) throws {
        lane = Lane(group.next(), connector: try Connector(limits: PoolLimits(), policy: egress))
        let secrets = NodeSecrets(environment: environment)
        transports = Transports(
            version: version, secrets: secrets, host: .own(secrets, environment: environment, guardian: guardian), logger: logger)
    }

    /// Opens a session, lists the tools and ends the session, all within `time`.
    package func run(
        _ document: UpstreamDocument, of tenant: TenantName, within time: TimeAmount
    ) async -> Result<Finding, UpstreamFailure> {
        guard let transport = transports.transport(to: document, of: tenant) else {
            return .failure(.notDispatched(reason: HTTPFailure.Reason.badURL.rawValue))
        }
        return await withTaskGroup(of: Result<Finding, UpstreamFailure>?.self) { group in
            group.addTask(executorPreference: lane.executor) {
                await transport.run()
                return nil
            }
            group.addTask(executorPreference: lane.executor) {
                do throws(UpstreamFailure) { return .success(try await find(over: transport, within: time)) } catch {
                    return .failure(error)
                }
            }
            var result: Result<Finding, UpstreamFailure>?
            while result == nil, let next = await group.next() { result = next }
            group.cancelAll()
            return result ?? .failure(.notDispatched(reason: HTTPFailure.Reason.cancelled.rawValue))
        }
    }

    private func find(over transport: any UpstreamTransport, within time: TimeAmount) async throws(UpstreamFailure) -> Finding {
        let begun = NIODeadline.now()
        let deadline = begun + time
        let session = try await transport.open(as: nil, remembering: nil, on: lane, before: deadline)
        defer { session.close(on: lane) }
        guard let tools = try await ToolListing(session: session, lane: lane, deadline: deadline).tools() else {
            throw .broken(reason: "the session was refused")
        }
        return Finding(
            terms: session.terms.anonymous, server: session.server, tools: tools.count,
            latency: (NIODeadline.now() - begun).nanoseconds / 1_000_000)
    }
}
