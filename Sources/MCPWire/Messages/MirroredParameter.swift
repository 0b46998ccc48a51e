/// An argument that a tool's definition wants repeated in a header of the call (`x-mcp-header` in its input schema).
package struct MirroredParameter: Sendable, Hashable {
    /// The header's name.
    package let header: String
    /// The keys that lead to the argument.
    let path: [String]
}

extension ForwardedRequest {
    /// The headers that repeat those arguments which the call has and which are a text, a number or a truth value.
    package func headers(for parameters: [MirroredParameter]) -> [(name: String, value: String)] {
        guard !parameters.isEmpty, let range = message.document.value(.arguments, in: .params),
            let arguments = message.document.object(range)
        else { return [] }
        return parameters.compactMap { parameter in
            Self.scalar(at: parameter.path[...], in: arguments).map { (parameter.header, HeaderValue.encoded($0.text)) }
        }
    }

    /// The name of the first header that is not there once, saying what its argument says, or that is there without an argument; nil where
    /// all are as they must be. `values`: those of all headers of a name.
    package func misquoted(_ parameters: [MirroredParameter], by values: (_ name: String) -> [String]) -> String? {
        guard !parameters.isEmpty else { return nil }
        let arguments = message.document.value(.arguments, in: .params).flatMap { message.document.object($0) }
        return parameters.first { parameter in
            let argument = arguments.flatMap { Self.scalar(at: parameter.path[...], in: $0) }
            let found = values(parameter.header)
            guard let argument else { return !found.isEmpty }
            guard found.count == 1, let text = HeaderValue.decoded(found[0]) else { return true }
            return text != argument.text && !(argument.isNumber && Self.number(text) == argument.text)
        }?.header
    }

    private static func scalar(at path: ArraySlice<String>, in object: JSONDocument) -> (text: String, isNumber: Bool)? {
        guard let key = path.first, let range = object.value(key, in: .other) else { return nil }
        guard path.count == 1 else { return object.object(range).flatMap { scalar(at: path.dropFirst(), in: $0) } }
        switch object.bytes[range.lowerBound] {
        case UInt8(ascii: "\""): return object.text(range).map { ($0, false) }
        case UInt8(ascii: "t"): return ("true", false)
        case UInt8(ascii: "f"): return ("false", false)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return (number(String(decoding: object.bytes[range], as: UTF8.self)), true)
        default: return nil
        }
    }

    /// An integer in plain digits, however it is written (`1e3`, `42.0`), where it is safe to compare; anything else as it is written.
    private static func number(_ written: String) -> String {
        guard Int(written) == nil, let value = Double(written), value.magnitude < 9_007_199_254_740_992, let whole = Int(exactly: value)
        else { return written }
        return String(whole)
    }
}
