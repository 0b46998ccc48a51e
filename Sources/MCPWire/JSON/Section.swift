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

    /// The section that the object under `key` is; nil when its members are not recorded.
    func opened(by key: UnsafeRawBufferPointer) -> Section? {
        switch self {
        case .envelope:
            if key.spells("params") { .params } else if key.spells("result") { .result } else if key.spells("error") { .error } else { nil }
        case .params: key.spells("_meta") ? .paramsMeta : nil
        case .result: key.spells("_meta") ? .resultMeta : nil
        case .definition: if key.spells("_meta") { .definitionMeta } else if key.spells("execution") { .definitionExecution } else { nil }
        case .paramsMeta, .resultMeta, .error, .definitionMeta, .definitionExecution, .reference, .other: nil
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are exactly this ASCII text.
    @inline(__always)
    func spells(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { wanted in
            for index in 0..<wanted.count where wanted[index] != self[index] { return false }
            return true
        }
    }
}
