import HTTPWire
import MCPWire
import NIOHTTP1

/// Why an exchange ends before it comes to an answer in a session: a status of HTTP, with a JSON-RPC error as its body.
enum Rejection: Error {
    case originForbidden, hostForbidden
    case malformedHTTP, targetTooLong, fieldsTooLarge
    case notFound
    case methodNotAllowed(allow: String)
    case tooLarge
    /// What was begun did not come whole in time.
    case tooSlow
    case repeatedHeader(String)
    case unauthenticated(Challenge)
    /// An access token that is good, but for nothing here.
    case insufficientScope(Challenge)
    /// The keys that would prove the access token cannot be had just now.
    case keysUnavailable
    case unknownTenant
    case unsupportedMediaType
    case unsupportedCoding
    case notAcceptable
    case malformed(WireError)
    case malformedBatch(Batch.Flaw)
    /// The session's revision has no batches.
    case batchNotTaken
    /// The body is of a revision without a handshake, and no header says so.
    case missingRevision(RequestID?)
    case missingSession(RequestID?)
    case unknownSession(RequestID?)
    case wrongRevision(RequestID?)
    /// A `Last-Event-ID` that is of no stream of the session, or of one nothing is kept of.
    case unknownEvent
    case storeUnavailable(RequestID?)
    case tooManySessions(RequestID?)
    case tooManyStreams(most: Int)
    /// The node stops, and the stream could not stay.
    case draining
    /// The node that the message is for is gone.
    case nodeLost

    var status: HTTPResponseStatus {
        switch self {
        case .originForbidden, .hostForbidden, .unknownTenant, .insufficientScope: .forbidden
        case .notFound, .unknownSession, .nodeLost: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .tooLarge: .payloadTooLarge
        case .tooSlow: .requestTimeout
        case .targetTooLong: .uriTooLong
        case .fieldsTooLarge: .requestHeaderFieldsTooLarge
        case .unauthenticated: .unauthorized
        case .unsupportedMediaType, .unsupportedCoding: .unsupportedMediaType
        case .notAcceptable: .notAcceptable
        case .storeUnavailable, .draining, .keysUnavailable: .serviceUnavailable
        case .tooManySessions, .tooManyStreams: .tooManyRequests
        case .malformedHTTP, .repeatedHeader, .malformed, .malformedBatch, .batchNotTaken, .missingRevision, .missingSession,
            .wrongRevision, .unknownEvent:
            .badRequest
        }
    }

    var headers: HTTPHeaders {
        switch self {
        case .methodNotAllowed(let allow): ["allow": allow]
        case .unsupportedCoding: ["accept-encoding": "identity"]
        case .unauthenticated(let challenge), .insufficientScope(let challenge): challenge.headers
        default: fault.fault.retryHeaders
        }
    }

    /// What a token that is no good is counted as.
    static let unauthenticatedLabel = "unauthenticated"

    /// One of a fixed set of words, for those who count.
    var label: String {
        switch self {
        case .unauthenticated: Self.unauthenticatedLabel
        case .insufficientScope: AuthenticationError.Reason.insufficientScope.rawValue
        case .originForbidden: "origin"
        case .hostForbidden: "host"
        case .unknownTenant: "unknown_tenant"
        case .notFound: "not_found"
        case .tooLarge: "too_large"
        case .tooSlow: "too_slow"
        default: fault.fault.label
        }
    }

    /// What the body says and whom it answers.
    var fault: (fault: Fault, id: RequestID?) {
        switch self {
        case .originForbidden: (.invalidRequest("Origin not allowed"), nil)
        case .hostForbidden: (.invalidRequest("Host not allowed"), nil)
        case .malformedHTTP: (.invalidRequest("Not an HTTP/1.1 request"), nil)
        case .notFound: (.invalidRequest("Not found"), nil)
        case .methodNotAllowed: (.invalidRequest("Method not allowed"), nil)
        case .tooLarge: (.invalidRequest("Request body too large"), nil)
        case .tooSlow: (.invalidRequest("Request not whole in time"), nil)
        case .targetTooLong: (.invalidRequest("Request target too long"), nil)
        case .fieldsTooLarge: (.invalidRequest("Header fields too large"), nil)
        case .repeatedHeader(let name) where name.lowercased() == "mcp-protocol-version": (.headerMismatch("\(name) is given twice"), nil)
        case .repeatedHeader(let name): (.invalidRequest("Header given twice: \(name)"), nil)
        case .unauthenticated: (.invalidRequest("Unauthorized"), nil)
        case .insufficientScope: (.invalidRequest("Insufficient scope"), nil)
        case .keysUnavailable: (.keysUnavailable, nil)
        case .unknownTenant: (.invalidRequest("Unknown tenant"), nil)
        case .unsupportedMediaType: (.invalidRequest("Content-Type must be application/json"), nil)
        case .unsupportedCoding: (.invalidRequest("Content-Encoding is not taken"), nil)
        case .notAcceptable: (.invalidRequest("Accept must list application/json and text/event-stream"), nil)
        case .malformed(let error): (Fault(error), error.id)
        case .malformedBatch(.malformed): (.parse, nil)
        case .malformedBatch(.empty): (.invalidRequest("An empty batch"), nil)
        case .malformedBatch(.tooLarge): (.invalidRequest("More than \(Batch.mostMessages) messages in a batch"), nil)
        case .batchNotTaken: (.invalidRequest("The session's revision has no batches"), nil)
        case .missingRevision(let id): (.headerMismatch("MCP-Protocol-Version is missing"), id)
        case .missingSession(let id): (.invalidRequest("Mcp-Session-Id is missing"), id)
        case .unknownSession(let id): (.sessionNotFound, id)
        case .wrongRevision(let id): (.invalidRequest("MCP-Protocol-Version is not the session's"), id)
        case .unknownEvent: (.invalidRequest("Last-Event-ID is of no stream of this session"), nil)
        case .storeUnavailable(let id): (.storeUnavailable, id)
        case .tooManySessions(let id): (.tooManySessions, id)
        case .tooManyStreams(let most): (.tooManyStreams(most: most), nil)
        case .draining: (.draining, nil)
        case .nodeLost: (.nodeLost, nil)
        }
    }
}

extension Rejection {
    /// Why bytes are no request.
    init(_ violation: HTTPViolation) {
        switch violation {
        case .malformed: self = .malformedHTTP
        case .targetTooLong: self = .targetTooLong
        case .fieldsTooLarge: self = .fieldsTooLarge
        }
    }
}

extension Fault {
    /// `Retry-After`, where another try is worthwhile.
    var retryHeaders: HTTPHeaders { retryAfter.map { ["retry-after": String($0)] } ?? [:] }
}

extension HTTPReply {
    /// Answers with the rejection; on a stream that has begun it only ends it.
    func reject(_ rejection: Rejection) {
        count(rejection)
        guard !isStreaming else { return end() }
        let (fault, id) = rejection.fault
        send(rejection.status, fault.answer(to: id, era: .legacy, toolCall: false).body, headers: rejection.headers)
    }
}
