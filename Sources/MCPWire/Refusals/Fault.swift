/// A refusal in wire terms. Its texts are for agents: they name what the agent named, never secrets or internals.
package enum Fault: Error, Sendable, Hashable {
    case parse
    /// With what is wrong.
    case invalidRequest(String)
    case methodNotFound(String)
    /// With what is wrong.
    case invalidParams(String)
    case unknownTool(String)
    case unknownPrompt(String)
    /// No upstream has resources, as far as is known.
    case unknownResource(String)
    /// A session that does not exist, has ended, or is another's.
    case sessionNotFound
    /// The headers of a request without a handshake do not say what its body says; with what is wrong.
    case headerMismatch(String)
    /// A request without a handshake names a revision that is not served.
    case unsupportedVersion(requested: String)
    case scope(tool: String)
    /// Amounts are decimal texts.
    case budgetExhausted(tool: String, cost: String, remaining: String, budget: String)
    case insufficientBudget(tool: String, cost: String, remaining: String, budget: String)
    case noAccount(budget: String)
    case unbudgeted
    /// The account has lost entries, and nobody has said yet that it may go on.
    case ledgerRollback(budget: String)
    /// The token may not give that away; with what is wrong.
    case delegation(DelegationFlaw)
    /// The account has as many delegations as it may.
    case tooManyDelegations(budget: String)
    /// With the seconds until another try is worthwhile.
    case rateLimited(retryAfter: Int)
    /// The reason is a bounded text.
    case upstreamError(upstream: String, reason: String)
    case upstreamTimeout(upstream: String)
    /// Its agent has cancelled the call, which the upstream had by then.
    case cancelled(upstream: String)
    /// The agent's idempotency key stands for another call.
    case idempotencyConflict
    /// The call of this key runs still, elsewhere.
    case inProgress
    /// The call of this key has ended, and what came of it is not kept; `charged` is a decimal text.
    case resultNotKept(charged: String)
    case storeUnavailable
    /// The keys that would prove the agent's token cannot be had.
    case keysUnavailable
    /// Too few replicas have what was written of the call, which has run or was not made.
    case notDurable(hasRun: Bool)
    /// The agent's token has as many sessions as it may.
    case tooManySessions
    /// The agent holds as many streams open as it may.
    case tooManyStreams(most: Int)
    /// The session watches as many resources as it may.
    case tooManyWatches(most: Int)
    /// The node has as many requests as it takes.
    case busy
    /// The node is about to stop.
    case draining
    /// An upstream asks the agent what it does not say that it can be asked.
    case missingCapability(ClientAbilities)
    /// The state that an agent brings to go on with its call is none of ours, or another's.
    case stateInvalid
    /// It is of another request.
    case stateMismatch
    /// The call waits no more.
    case stateExpired
    /// The round was answered already.
    case stateUsed
    /// The node that made the call is gone, and its answer with it.
    case nodeLost
    /// What an agent has missed of an answer is not kept any more.
    case replayExpired
    case internalError
}

extension Fault {
    /// The refusal that a reading error is.
    package init(_ error: WireError) {
        self =
            switch error {
            case .malformed: .parse
            case .invalidRequest: .invalidRequest("not a JSON-RPC 2.0 message of the Model Context Protocol")
            case .invalidParams(_, let reason): .invalidParams(reason)
            }
    }

    /// A word for metrics and events, of a bounded set; equals `data.error` where the answer has one.
    package var label: String { row.label }

    /// The seconds for the `Retry-After` header, where another try is worthwhile.
    package var retryAfter: Int? {
        switch self {
        case .rateLimited(let seconds): seconds
        case .storeUnavailable, .keysUnavailable, .notDurable, .busy, .draining: 1
        default: nil
        }
    }

    /// The HTTP status and the JSON-RPC error for the request `id`; `toolCall`: it answers a `tools/call`, so a legacy agent gets
    /// SatGate's own numbers.
    package func answer(to id: RequestID?, era: Dialect.Kind, toolCall: Bool) -> (status: Int, body: [UInt8]) {
        let row = row
        var out: [UInt8] = []
        out.reserveCapacity(320)
        JSONText.append(raw: #"{"jsonrpc":"2.0","id":"#, to: &out)
        out.append(contentsOf: id?.raw ?? Array("null".utf8))
        JSONText.append(raw: #","error":{"code":"#, to: &out)
        JSONText.append(integer: code(era: era, toolCall: toolCall), to: &out)
        JSONText.append(raw: #","message":"#, to: &out)
        JSONText.append(string: message, to: &out)
        if case .unsupportedVersion(let requested) = self { appendVersions(requested: requested, to: &out) }
        if case .missingCapability(let abilities) = self { appendCapabilities(abilities, to: &out) }
        if row.namesItself { appendData(label: row.label, to: &out) }
        JSONText.append(raw: "}}", to: &out)
        return (era == .legacy ? row.statuses.legacy : row.statuses.modern, out)
    }
}

extension Fault {
    /// The JSON-RPC code that an agent of that era is told.
    package func code(era: Dialect.Kind, toolCall: Bool) -> Int {
        if case .unknownResource = self { return era == .legacy ? ErrorCode.resourceNotFound : ErrorCode.invalidParams }
        return era == .legacy && toolCall ? row.codes.toolCall : row.codes.other
    }
}

extension WireError {
    /// The request that the error can be answered to.
    package var id: RequestID? {
        switch self {
        case .malformed: nil
        case .invalidRequest(let id), .invalidParams(let id, _): id
        }
    }
}
