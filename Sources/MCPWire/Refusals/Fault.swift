/// A refusal in wire terms. Its texts are for agents: they name what the agent named, never secrets or internals.
package enum Fault: Sendable, Hashable {
    case parse
    /// With what is wrong.
    case invalidRequest(String)
    case methodNotFound(String)
    /// With what is wrong.
    case invalidParams(String)
    case unknownTool(String)
    /// A session that does not exist, has ended, or is another's.
    case sessionNotFound
    /// A request of an era or revision that is not served: clients of the newest SDKs then begin anew with `initialize`.
    case unsupportedEra
    case scope(tool: String)
    /// Amounts are decimal texts.
    case budgetExhausted(tool: String, cost: String, remaining: String, budget: String)
    case insufficientBudget(tool: String, cost: String, remaining: String, budget: String)
    case noAccount(budget: String)
    case unbudgeted
    /// With the seconds until another try is worthwhile.
    case rateLimited(retryAfter: Int)
    /// The reason is a bounded text.
    case upstreamError(upstream: String, reason: String)
    case upstreamTimeout(upstream: String)
    case storeUnavailable
    /// The node has as many requests as it takes.
    case busy
    /// The node is about to stop.
    case draining
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
        case .storeUnavailable, .busy, .draining: 1
        default: nil
        }
    }

    /// The HTTP status and the JSON-RPC error for the request `id`; `toolCall`: it answers a `tools/call`, so a legacy agent gets
    /// SatGate's own numbers.
    package func answer(to id: RequestID?, era: Dialect.Kind, toolCall: Bool) -> (status: Int, body: [UInt8]) {
        let row = row
        let isOurs = era == .legacy && toolCall
        var out: [UInt8] = []
        out.reserveCapacity(320)
        JSONText.append(raw: #"{"jsonrpc":"2.0","id":"#, to: &out)
        out.append(contentsOf: id?.raw ?? Array("null".utf8))
        JSONText.append(raw: #","error":{"code":"#, to: &out)
        JSONText.append(integer: isOurs ? row.codes.toolCall : row.codes.other, to: &out)
        JSONText.append(raw: #","message":"#, to: &out)
        JSONText.append(string: message, to: &out)
        if row.namesItself { appendData(label: row.label, to: &out) }
        JSONText.append(raw: "}}", to: &out)
        return (era == .legacy ? row.statuses.legacy : row.statuses.modern, out)
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
