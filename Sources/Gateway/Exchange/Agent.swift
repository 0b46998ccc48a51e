import Governance
import MCPWire
import Synchronization
import Upstreams

/// Who asks, and in which session: what every request of an agent is judged by. Shared by all stages of the request.
final class Agent: Sendable {
    let principal: Principal
    private let known: KnownSession
    /// The least level of log messages that it wants.
    let logLevel: LogLevel?
    /// A call is to prolong the session.
    let renewsSession: Bool
    /// By which the lines of the log and the span of its request are found together.
    let request = RequestNumber()
    /// The trace that its headers name.
    let trace: TraceNote?
    /// The id of the trace that the request's spans are in, once there are any.
    let traced = Mutex<String?>(nil)

    init(
        principal: Principal, _ known: KnownSession, logLevel: LogLevel? = nil, renewsSession: Bool = false, trace: TraceNote? = nil
    ) {
        self.trace = trace
        self.principal = principal
        self.known = known
        self.logLevel = logLevel ?? known.logLevel
        self.renewsSession = renewsSession
    }

    /// Without a handshake the agent's presence, which it need not have.
    var session: Session { known.session }
    /// What was agreed on with it; nil without a handshake.
    var dialect: Dialect? { known.dialect }
    /// What it says of itself; nil before it has.
    var profile: ClientProfile? { known.profile }

    var grant: Grant { principal.grant }
    var tenant: Tenant { principal.tenant }
    /// How refusals are numbered for it.
    var era: Dialect.Kind { session.transport == .stateless ? .modern : .legacy }
    /// As whom upstreams are called; `parameters` are the headers of the request that repeat arguments, `span` is the call's own.
    func caller(repeating parameters: [(name: String, value: String)] = [], within span: TraceNote? = nil) -> Caller {
        Caller(
            session: session.id, profile: profile, logLevel: logLevel, isStateless: era == .modern, parameters: parameters,
            trace: span ?? trace, replacesTrace: span != nil)
    }

    /// Whether it wants log messages of this level: without a handshake only where it has asked for them.
    func wants(_ level: LogLevel) -> Bool { logLevel.map { level >= $0 } ?? (era == .legacy) }

    /// What a call proves to exist: nil without a handshake.
    var provenSession: SessionID? { era == .modern ? nil : session.id }
}
