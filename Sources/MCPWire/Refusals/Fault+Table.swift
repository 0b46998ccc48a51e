extension Fault {
    /// One line of the table of refusals.
    struct Row {
        let label: String
        /// SatGate's number, for a legacy agent's `tools/call`; and the number for everything else.
        let codes: (toolCall: Int, other: Int)
        let statuses: (legacy: Int, modern: Int)
        /// Whether the answer says the label as `data.error`.
        let namesItself: Bool

        init(_ label: String, _ toolCall: Int, _ other: Int, status: Int = 200, modern: Int? = nil, namesItself: Bool = true) {
            self.label = label
            codes = (toolCall, other)
            statuses = (status, modern ?? status)
            self.namesItself = namesItself
        }
    }

    /// Numbers, statuses and names of all refusals.
    var row: Row {
        switch self {
        case .parse: Row("parse_error", -32700, -32700, status: 400, namesItself: false)
        case .invalidRequest: Row("invalid_request", -32600, -32600, status: 400, namesItself: false)
        case .methodNotFound: Row("method_not_found", -32601, -32601, modern: 404, namesItself: false)
        case .invalidParams: Row("invalid_params", -32602, -32602, modern: 400, namesItself: false)
        case .unknownTool: Row("unknown_tool", -32602, -32602, modern: 400)
        case .unknownPrompt: Row("unknown_prompt", -32602, -32602, modern: 400)
        case .unknownResource: Row("unknown_resource", ErrorCode.resourceNotFound, ErrorCode.invalidParams, modern: 400)
        case .sessionNotFound: Row("session_not_found", -32600, -32600, status: 404)
        case .headerMismatch: Row("header_mismatch", ErrorCode.headerMismatch, ErrorCode.headerMismatch, status: 400, namesItself: false)
        case .unsupportedVersion:
            Row("unsupported_version", ErrorCode.unsupportedVersion, ErrorCode.unsupportedVersion, status: 400, namesItself: false)
        case .missingCapability:
            Row("missing_capability", ErrorCode.missingCapability, ErrorCode.missingCapability, status: 400, namesItself: false)
        case .stateInvalid: Row("state_invalid", ErrorCode.invalidParams, ErrorCode.invalidParams, modern: 400)
        case .stateMismatch: Row("state_mismatch", ErrorCode.invalidParams, ErrorCode.invalidParams, modern: 400)
        case .stateExpired: Row("state_expired", ErrorCode.invalidParams, ErrorCode.invalidParams, modern: 400)
        case .stateUsed: Row("state_used", ErrorCode.invalidParams, ErrorCode.invalidParams, modern: 400)
        // The second numbers are outside of -32768 ... -32000, where newer revisions give each a meaning of their own.
        case .scope: Row("scope", -32001, -31001)
        case .budgetExhausted: Row("budget_exhausted", -32000, -31000)
        case .insufficientBudget: Row("insufficient_budget", -32000, -31000)
        case .noAccount: Row("no_account", -32000, -31000)
        case .unbudgeted: Row("unbudgeted", -32000, -31000)
        case .ledgerRollback: Row("ledger_rollback", -32000, -31000)
        case .delegation(let flaw): Row(flaw.rawValue, -32001, -31001)
        case .tooManyDelegations: Row("too_many_delegations", -32005, -31005)
        case .rateLimited: Row("rate_limited", -32004, -31004)
        case .upstreamError: Row("upstream_error", -32002, -31002)
        case .upstreamTimeout: Row("upstream_timeout", -32003, -31003)
        case .cancelled: Row("cancelled", -32002, -31002)
        case .idempotencyConflict: Row("idempotency_conflict", ErrorCode.invalidParams, ErrorCode.invalidParams, modern: 400)
        case .inProgress: Row("in_progress", -32003, -31003)
        case .resultNotKept: Row("result_not_kept", -32603, -32603)
        case .storeUnavailable: Row("store_unavailable", -32603, -32603, status: 503)
        case .keysUnavailable: Row("keys_unavailable", -32603, -32603, status: 503)
        case .notDurable: Row("not_durable", -32603, -32603, status: 503)
        case .tooManySessions: Row("too_many_sessions", -32005, -31005, status: 429)
        case .tooManyStreams: Row("too_many_streams", -32005, -31005, status: 429)
        case .tooManyWatches: Row("too_many_subscriptions", -32005, -31005)
        case .busy: Row("busy", -32603, -32603, status: 503)
        case .draining: Row("draining", -32603, -32603, status: 503)
        case .nodeLost: Row("node_lost", -32603, -32603)
        case .replayExpired: Row("replay_expired", -32603, -32603)
        case .internalError: Row("internal_error", -32603, -32603)
        }
    }

    /// The sentence for people; what the agent sent is cut to a bounded length in it.
    var message: String {
        switch self {
        case .parse: "Parse error: not valid JSON"
        case .invalidRequest(let reason): "Invalid request: \(bounded(reason))"
        case .methodNotFound(let method): "Method not found: \(bounded(method))"
        case .invalidParams(let reason): "Invalid params: \(bounded(reason))"
        case .unknownTool(let tool): "Unknown tool: \(bounded(tool))"
        case .unknownPrompt(let prompt): "Unknown prompt: \(bounded(prompt))"
        case .unknownResource(let uri): "Resource not found: \(bounded(uri))"
        case .sessionNotFound: "Session not found"
        case .headerMismatch(let reason): "Header mismatch: \(bounded(reason))"
        case .unsupportedVersion: "Unsupported protocol version"
        case .scope(let tool): "The token's scope does not allow \(bounded(tool))"
        case .budgetExhausted(let tool, let cost, _, _): "Budget exhausted: \(bounded(tool)) costs \(cost) credits, none are left"
        case .insufficientBudget(let tool, let cost, let remaining, _):
            "Insufficient budget: \(bounded(tool)) costs \(cost) credits, \(remaining) are left"
        case .noAccount: "The token's budget has no account"
        case .unbudgeted: "The token has no budget, and this tenant serves none without"
        case .ledgerRollback: "The books of the token's budget have lost entries: an operator must let them go on"
        case .delegation(let flaw): flaw.message
        case .tooManyDelegations: "Too many delegations of this budget live: let some end"
        case .rateLimited(let seconds): "Rate limit reached: try again in \(seconds) s"
        case .upstreamError(let upstream, let reason): "Upstream \(bounded(upstream)) failed: \(bounded(reason))"
        case .upstreamTimeout(let upstream): "Upstream \(bounded(upstream)) did not answer in time"
        case .cancelled(let upstream): "The call to \(bounded(upstream)) was cancelled"
        case .idempotencyConflict: "Invalid params: the idempotency key was used for another call"
        case .inProgress: "The call of this idempotency key is still running: try again"
        case .resultNotKept(let charged): "The call of this key has ended and cost \(charged) credits, but its result is not kept"
        case .notDurable(hasRun: false): "The charge is not safe on enough replicas: the call was not made, try again"
        case .notDurable(hasRun: true): "The call ran and was charged, but the charge is not safe on enough replicas"
        case .storeUnavailable: "The books cannot be reached: nothing was charged, try again"
        case .keysUnavailable: "The keys of the token's issuer cannot be had: try again"
        case .tooManySessions: "The token has too many sessions: end some, or let them expire"
        case .tooManyStreams(let most): "Too many streams are open: an agent may have \(most)"
        case .tooManyWatches(let most): "Too many subscriptions: a session may have \(most)"
        case .busy: "The gateway is busy: try again"
        case .draining: "This node is about to stop: try again"
        case .missingCapability: "The upstream asks for what this client does not say that it can do"
        case .stateInvalid: "Invalid params: requestState is none that was given out here"
        case .stateMismatch: "Invalid params: requestState belongs to another request"
        case .stateExpired: "Invalid params: the call waits for this requestState no more"
        case .stateUsed: "Invalid params: this requestState was used already"
        case .nodeLost: "The node that made the call is gone: whether it ran is unknown"
        case .replayExpired: "What was missed of the answer is not kept any more"
        case .internalError: "Internal error"
        }
    }

    /// Writes `,"data":{"error":…}` with what SatGate's agents find there.
    func appendData(label: String, to out: inout [UInt8]) {
        JSONText.append(raw: #","data":{"error":"#, to: &out)
        JSONText.append(string: label, to: &out)
        switch self {
        case .budgetExhausted(let tool, let cost, let remaining, let budget),
            .insufficientBudget(let tool, let cost, let remaining, let budget):
            append("tool", bounded(tool), to: &out)
            JSONText.append(raw: #","cost_credits":"#, to: &out)
            JSONText.append(decimal: cost, to: &out)
            JSONText.append(raw: #","remaining_credits":"#, to: &out)
            JSONText.append(decimal: remaining, to: &out)
            append("budget_id", budget, to: &out)
        case .scope(let tool), .unknownTool(let tool): append("tool", bounded(tool), to: &out)
        case .unknownPrompt(let prompt): append("prompt", bounded(prompt), to: &out)
        case .unknownResource(let uri): append("uri", bounded(uri), to: &out)
        case .noAccount(let budget), .ledgerRollback(let budget), .tooManyDelegations(let budget):
            append("budget_id", budget, to: &out)
        case .rateLimited(let seconds):
            JSONText.append(raw: #","retry_after_seconds":"#, to: &out)
            JSONText.append(integer: seconds, to: &out)
        case .resultNotKept(let charged):
            JSONText.append(raw: #","charged_credits":"#, to: &out)
            JSONText.append(decimal: charged, to: &out)
        case .upstreamError(let upstream, _), .upstreamTimeout(let upstream), .cancelled(let upstream):
            append("upstream", bounded(upstream), to: &out)
        default: break
        }
        out.append(UInt8(ascii: "}"))
    }

    /// Writes `,"data":{"supported":[…],"requested":…}`.
    func appendVersions(requested: String, to out: inout [UInt8]) {
        JSONText.append(raw: #","data":{"supported":"#, to: &out)
        Dialect.appendServed(to: &out)
        append("requested", bounded(requested), to: &out)
        out.append(UInt8(ascii: "}"))
    }

    /// Writes `,"data":{"requiredCapabilities":{…}}`.
    func appendCapabilities(_ abilities: ClientAbilities, to out: inout [UInt8]) {
        var members: [String] = []
        if abilities.contains(.sampling) { members.append(#""sampling":{}"#) }
        if abilities.contains(.roots) { members.append(#""roots":{}"#) }
        var modes: [String] = []
        if abilities.contains(.elicitation) { modes.append(#""form":{}"#) }
        if abilities.contains(.elicitationByURL) { modes.append(#""url":{}"#) }
        if !modes.isEmpty { members.append(#""elicitation":{"# + modes.joined(separator: ",") + "}") }
        JSONText.append(raw: #","data":{"requiredCapabilities":{"#, to: &out)
        out += members.joined(separator: ",").utf8
        JSONText.append(raw: "}}", to: &out)
    }

    private func append(_ key: StaticString, _ value: String, to out: inout [UInt8]) {
        JSONText.append(raw: ",\"", to: &out)
        JSONText.append(raw: key, to: &out)
        JSONText.append(raw: "\":", to: &out)
        JSONText.append(string: value, to: &out)
    }

    /// At most 128 characters of the text.
    private func bounded(_ text: String) -> String { text.utf8.count <= 128 ? text : String(text.unicodeScalars.prefix(128)) + "…" }
}
