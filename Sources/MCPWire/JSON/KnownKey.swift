/// The keys on which most messages' way depends: recognized while a text is scanned, so that a member is found without comparing texts.
enum KnownKey: UInt8, Sendable {
    /// Any other, looked up by its text.
    case other
    case jsonrpc, id, method, params, result, error, code, message
    case name, uri, ref, arguments, argument, meta, task, progressToken, inputResponses, requestState
    case isError, resultType
    case token, traceParent, traceState, idempotencyKey, cost
    case protocolVersion, clientCapabilities, clientInfo, logLevel, serverInfo

    /// The keys of a set as bits, this one alone.
    var bit: UInt64 { 1 << UInt64(rawValue) }

    /// What the key spells; it holds no escapes.
    @inline(__always)
    init(_ key: UnsafeRawBufferPointer) {
        switch key.count {
        case 2...5: self = Self.short(key)
        case 6...9: self = Self.middle(key)
        case 10...15: self = Self.long(key)
        default: self = Self.prefixed(key)
        }
    }

    private static func short(_ key: UnsafeRawBufferPointer) -> KnownKey {
        switch key.count {
        case 2: key.spells("id") ? .id : .other
        case 3: key.spells("uri") ? .uri : key.spells("ref") ? .ref : .other
        case 4: key.spells("name") ? .name : key.spells("task") ? .task : key.spells("code") ? .code : .other
        default: key.spells("_meta") ? .meta : key.spells("error") ? .error : key.spells("token") ? .token : .other
        }
    }

    private static func middle(_ key: UnsafeRawBufferPointer) -> KnownKey {
        switch key.count {
        case 6: key.spells("method") ? .method : key.spells("params") ? .params : key.spells("result") ? .result : .other
        case 7: key.spells("jsonrpc") ? .jsonrpc : key.spells("isError") ? .isError : key.spells("message") ? .message : .other
        case 8: key.spells("argument") ? .argument : .other
        default: key.spells("arguments") ? .arguments : .other
        }
    }

    private static func long(_ key: UnsafeRawBufferPointer) -> KnownKey {
        switch key.count {
        case 10: key.spells("resultType") ? .resultType : key.spells("tracestate") ? .traceState : .other
        case 11: key.spells("traceparent") ? .traceParent : .other
        case 12: key.spells("requestState") ? .requestState : .other
        case 13: key.spells("progressToken") ? .progressToken : .other
        case 14: key.spells("inputResponses") ? .inputResponses : .other
        default: key.spells("io.satgate/cost") ? .cost : .other
        }
    }

    private static func prefixed(_ key: UnsafeRawBufferPointer) -> KnownKey {
        switch key.count {
        case 25 where key.spells("io.satgate/idempotencyKey"): .idempotencyKey
        case 32 where key.spells("io.modelcontextprotocol/logLevel"): .logLevel
        case 34 where key.spells("io.modelcontextprotocol/clientInfo"): .clientInfo
        case 34 where key.spells("io.modelcontextprotocol/serverInfo"): .serverInfo
        case 39 where key.spells("io.modelcontextprotocol/protocolVersion"): .protocolVersion
        case 42 where key.spells("io.modelcontextprotocol/clientCapabilities"): .clientCapabilities
        default: .other
        }
    }
}
