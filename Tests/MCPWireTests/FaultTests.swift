import Testing

@testable import MCPWire

@Suite("A refusal")
struct FaultTests {
    /// Every refusal with its label, both numbers, and its statuses for both eras.
    static let table: [(fault: Fault, label: String, toolCall: Int, other: Int, legacy: Int, modern: Int)] = [
        (.parse, "parse_error", -32700, -32700, 400, 400),
        (.invalidRequest("x"), "invalid_request", -32600, -32600, 400, 400),
        (.methodNotFound("x"), "method_not_found", -32601, -32601, 200, 404),
        (.invalidParams("x"), "invalid_params", -32602, -32602, 200, 400),
        (.unknownTool("x"), "unknown_tool", -32602, -32602, 200, 400),
        (.unknownPrompt("x"), "unknown_prompt", -32602, -32602, 200, 400),
        (.sessionNotFound, "session_not_found", -32600, -32600, 404, 404),
        (.headerMismatch("x"), "header_mismatch", -32020, -32020, 400, 400),
        (.unsupportedVersion(requested: "x"), "unsupported_version", -32022, -32022, 400, 400),
        (.scope(tool: "x"), "scope", -32001, -31001, 200, 200),
        (.budgetExhausted(tool: "x", cost: "1", remaining: "0", budget: "b"), "budget_exhausted", -32000, -31000, 200, 200),
        (.insufficientBudget(tool: "x", cost: "1", remaining: "0.5", budget: "b"), "insufficient_budget", -32000, -31000, 200, 200),
        (.noAccount(budget: "b"), "no_account", -32000, -31000, 200, 200),
        (.unbudgeted, "unbudgeted", -32000, -31000, 200, 200),
        (.ledgerRollback(budget: "b"), "ledger_rollback", -32000, -31000, 200, 200),
        (.rateLimited(retryAfter: 3), "rate_limited", -32004, -31004, 200, 200),
        (.upstreamError(upstream: "u", reason: "reset"), "upstream_error", -32002, -31002, 200, 200),
        (.upstreamTimeout(upstream: "u"), "upstream_timeout", -32003, -31003, 200, 200),
        (.cancelled(upstream: "u"), "cancelled", -32002, -31002, 200, 200),
        (.idempotencyConflict, "idempotency_conflict", -32602, -32602, 200, 400),
        (.inProgress, "in_progress", -32003, -31003, 200, 200),
        (.resultNotKept(charged: "0.5"), "result_not_kept", -32603, -32603, 200, 200),
        (.storeUnavailable, "store_unavailable", -32603, -32603, 503, 503),
        (.notDurable(hasRun: true), "not_durable", -32603, -32603, 503, 503),
        (.busy, "busy", -32603, -32603, 503, 503),
        (.draining, "draining", -32603, -32603, 503, 503),
        (.internalError, "internal_error", -32603, -32603, 200, 200),
    ]

    @Test("a resource that does not exist has a number of its own only where there is a handshake")
    func resource() throws {
        for toolCall in [true, false] {
            let legacy = Fault.unknownResource("a://b").answer(to: nil, era: .legacy, toolCall: toolCall)
            #expect(try code(legacy.body) == .error(code: -32002) && legacy.status == 200)
            let modern = Fault.unknownResource("a://b").answer(to: nil, era: .modern, toolCall: toolCall)
            #expect(try code(modern.body) == .error(code: -32602) && modern.status == 400)
            #expect(text(modern.body).contains(#""data":{"error":"unknown_resource","uri":"a://b"}"#))
        }
    }

    private func code(_ body: [UInt8]) throws -> Answer.Kind { try Answer(Message(body)).kind }

    @Test("has SatGate's number for a legacy agent's tool call, the other number for everything else", arguments: table.indices)
    func numbers(_ index: Int) throws {
        let row = Self.table[index]
        let id = RequestID(1)
        let legacyCall = row.fault.answer(to: id, era: .legacy, toolCall: true)
        let legacyOther = row.fault.answer(to: id, era: .legacy, toolCall: false)
        let modernCall = row.fault.answer(to: id, era: .modern, toolCall: true)
        #expect(row.fault.label == row.label)
        #expect(try code(legacyCall.body) == .error(code: row.toolCall))
        #expect(try code(legacyOther.body) == .error(code: row.other) && code(modernCall.body) == .error(code: row.other))
        #expect(legacyCall.status == row.legacy && legacyOther.status == row.legacy && modernCall.status == row.modern)
        #expect(try Message(legacyCall.body).id == id)
        let named = text(legacyCall.body).contains(#""data":{"error":"\#(row.label)""#)
        #expect(named == row.fault.row.namesItself)
    }

    @Test("never gives a modern agent a number that newer revisions reserve, but in their meaning")
    func reserved() {
        for row in Self.table where !(-32603...(-32600)).contains(row.other) && ![-32700, -32020, -32022].contains(row.other) {
            #expect(!(-32768...(-32000)).contains(row.other))
        }
    }

    @Test("for lack of budget names tool, cost, what is left, and the budget, as SatGate does")
    func budget() {
        let fault = Fault.insufficientBudget(tool: "a\"b", cost: "2.5", remaining: "0.25", budget: "team")
        #expect(
            text(fault.answer(to: RequestID(1), era: .legacy, toolCall: true).body)
                == #"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Insufficient budget: a\"b costs 2.5 credits, 0.25 are left","data":{"error":"insufficient_budget","tool":"a\"b","cost_credits":2.5,"remaining_credits":0.25,"budget_id":"team"}}}"#
        )
    }

    @Test("says when to come back")
    func retryAfter() {
        let limited = Fault.rateLimited(retryAfter: 3)
        #expect(
            limited.retryAfter == 3
                && text(limited.answer(to: nil, era: .legacy, toolCall: true).body).contains(#""retry_after_seconds":3"#))
        #expect(Fault.storeUnavailable.retryAfter == 1 && Fault.unbudgeted.retryAfter == nil)
    }

    @Test("of nobody's request is addressed to null")
    func nobody() {
        #expect(
            text(Fault.parse.answer(to: nil, era: .legacy, toolCall: false).body)
                == #"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error: not valid JSON"}}"#)
    }

    @Test("is short, however long a name the agent sends")
    func bounded() throws {
        let name = String(repeating: "🙂", count: 100_000)
        for fault in [Fault.unknownTool(name), .methodNotFound(name), .scope(tool: name), .invalidParams(name)] {
            let body = fault.answer(to: RequestID(1), era: .legacy, toolCall: true).body
            #expect(body.count < 2048)
            _ = try Message(body)
        }
    }

    @Test("is made of a reading error, under the id that could be read")
    func reading() {
        #expect(Fault(WireError.malformed) == .parse && WireError.malformed.id == nil)
        #expect(Fault(WireError.invalidParams(RequestID(1), "why")) == .invalidParams("why"))
        #expect(
            Fault(WireError.invalidRequest(RequestID(1))).label == "invalid_request"
                && WireError.invalidRequest(RequestID(1)).id == RequestID(1))
    }
}
