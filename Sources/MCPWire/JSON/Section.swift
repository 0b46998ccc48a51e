import Glibc

/// The objects of a document whose members are recorded; everything else is validated and passed over.
enum Section: UInt8, Sendable {
    case envelope, params, paramsMeta, result, resultMeta, error
    case definition, definitionMeta, definitionExecution
    case reference
    case other

    /// The keys on which routing, billing or the gateway's own secrets hang: no other spelling of them is let through.
    var guardedKeys: [String] {
        switch self {
        case .envelope: ["jsonrpc", "id", "method", "params", "result", "error"]
        case .params: ["name", "uri", "ref", "arguments", "_meta", "task"]
        case .result: ["_meta"]
        case .reference: ["type", "name", "uri"]
        case .paramsMeta, .resultMeta, .error, .definition, .definitionMeta, .definitionExecution, .other: []
        }
    }

    /// The section that the object under `key` is, whose text is given too; nil when its members are not recorded.
    func opened(by key: KnownKey, _ text: UnsafeRawBufferPointer) -> Section? {
        switch self {
        case .envelope: key == .params ? .params : key == .result ? .result : key == .error ? .error : nil
        case .params: key == .meta ? .paramsMeta : nil
        case .result: key == .meta ? .resultMeta : nil
        case .definition: key == .meta ? .definitionMeta : text.spells("execution") ? .definitionExecution : nil
        case .paramsMeta, .resultMeta, .error, .definitionMeta, .definitionExecution, .reference, .other: nil
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are exactly this ASCII text.
    @inline(__always)
    func spells(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount, let baseAddress else { return false }
        return memcmp(baseAddress, text.utf8Start, text.utf8CodeUnitCount) == 0
    }
}
