package import MCPWire

/// Why a call has no answer of its upstream.
package enum UpstreamFailure: Error, Sendable {
    /// The call provably did not run: no name, connection, TLS or session, or the upstream said that it knows no such session.
    case notDispatched(reason: String)
    /// What is known of the agent's sessions with the upstream was out of reach: the call was not sent.
    case storeUnavailable
    /// The deadline passed after the call was sent.
    case timedOut
    /// Sent, but the connection, the HTTP status or the answer was no good.
    case broken(reason: String)
    /// The upstream refused the message itself (an error that proves it, under an HTTP error status): it did not run.
    case refused(Answer)
    /// The upstream wants input of the agent's before it does its work, and there is no way to ask for it: the call did not run.
    case needsInput(reason: String)

    /// False where the call provably did not run.
    package var mayHaveRun: Bool {
        switch self {
        case .notDispatched, .storeUnavailable, .refused, .needsInput: false
        case .timedOut, .broken: true
        }
    }

    /// One of six words, for metrics and events.
    package var label: String {
        switch self {
        case .notDispatched: "not_dispatched"
        case .storeUnavailable: "store_unavailable"
        case .timedOut: "timed_out"
        case .broken: "broken"
        case .refused: "refused"
        case .needsInput: "needs_input"
        }
    }

    /// What to tell an agent: names no address and quotes nothing of the upstream.
    package var reason: String {
        switch self {
        case .notDispatched(let reason), .broken(let reason), .needsInput(let reason): reason
        case .storeUnavailable: "the store of sessions is out of reach"
        case .timedOut: "timed out"
        case .refused(let answer): if case .error(let code) = answer.kind { "refused the message (\(code))" } else { "refused the message" }
        }
    }
}

extension UpstreamFailure {
    /// It wants input of an agent that it does not know, or that cannot give it.
    package static var needsInput: UpstreamFailure { .needsInput(reason: "asks for input, which this agent cannot give here") }

    /// We gave the call up after it was sent.
    static var cancelled: UpstreamFailure { .broken(reason: HTTPFailure.Reason.cancelled.rawValue) }

    /// The failure of an exchange as the failure of the call it carried.
    init(_ failure: HTTPFailure) {
        switch failure {
        case .unsent(let reason): self = .notDispatched(reason: reason.rawValue)
        case .timedOut: self = .timedOut
        case .broken(let reason): self = .broken(reason: reason.rawValue)
        }
    }
}
