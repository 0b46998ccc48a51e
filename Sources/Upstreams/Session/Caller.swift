package import Governance
package import MCPWire

/// The agent for which a call is made, shared by all that the call goes through.
package final class Caller: Sendable {
    package let session: SessionID
    /// What it says of itself; nil: upstreams are told nothing, and may ask nothing.
    package let profile: ClientProfile?
    /// The least level of log messages that it wants, where it has said so.
    package let logLevel: LogLevel?
    /// It has no session, only a presence: nothing can be sent to it but within its own requests.
    package let isStateless: Bool

    /// The headers of its request that repeat arguments: those that nobody here knows reach the upstream as they came.
    package let parameters: [(name: String, value: String)]

    /// The trace that its call belongs to: said to the upstream in headers.
    package let trace: TraceNote?
    /// That is the gateway's own word, which goes before what the agent says in `_meta`.
    package let replacesTrace: Bool

    package init(
        session: SessionID, profile: ClientProfile? = nil, logLevel: LogLevel? = nil, isStateless: Bool = false,
        parameters: [(name: String, value: String)] = [], trace: TraceNote? = nil, replacesTrace: Bool = false
    ) {
        self.trace = trace
        self.replacesTrace = replacesTrace
        self.session = session
        self.profile = profile
        self.logLevel = logLevel
        self.isStateless = isStateless
        self.parameters = parameters
    }

    /// It has a session and can be asked, or wants to see what upstreams log: what they say outside of their answers is for it.
    var canBeTold: Bool { !isStateless && (profile.map { !$0.abilities.isEmpty } ?? false || logLevel != nil) }
}
