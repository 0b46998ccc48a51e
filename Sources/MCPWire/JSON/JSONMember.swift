/// The objects of a document whose members are recorded; everything else is validated and passed over.
enum Section: UInt8, Sendable {
    case envelope, params, paramsMeta, result, resultMeta, error
    case tool, toolMeta, toolExecution
    case other

    /// The section that the object under `key` is; nil when its members are not recorded.
    func opened(by key: UnsafeRawBufferPointer) -> Section? {
        switch self {
        case .envelope:
            if key.spells("params") { .params } else if key.spells("result") { .result } else if key.spells("error") { .error } else { nil }
        case .params: key.spells("_meta") ? .paramsMeta : nil
        case .result: key.spells("_meta") ? .resultMeta : nil
        case .tool: if key.spells("_meta") { .toolMeta } else if key.spells("execution") { .toolExecution } else { nil }
        case .paramsMeta, .resultMeta, .error, .toolMeta, .toolExecution, .other: nil
        }
    }
}

/// One recorded member: where its key (between the quotes) and its value stand.
struct JSONMember: Sendable, Hashable {
    let section: Section
    /// The key holds escapes, so its bytes are not its text.
    let isEscaped: Bool
    let key: Range<Int>
    var value: Range<Int>

    /// Where the key's opening quote stands.
    var start: Int { key.lowerBound - 1 }
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
