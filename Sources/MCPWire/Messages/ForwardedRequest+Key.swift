extension ForwardedRequest {
    /// The agent's key for this call, out of `_meta` or the bytes of the header `Idempotency-Key`; two of them must be the same.
    package func key(besides header: [UInt8]?) throws(WireError) -> IdempotencyKey? {
        guard let header else { return idempotencyKey }
        guard let named = IdempotencyKey(header) else { throw .invalidParams(id, IdempotencyKey.rule) }
        guard idempotencyKey == nil || idempotencyKey == named else {
            throw .invalidParams(id, "Idempotency-Key is not the key in params._meta")
        }
        return named
    }

    /// What is asked, in one spelling for all that mean the same: method, what it is about, and its arguments with sorted keys, without
    /// white space, strings by their characters, numbers by their decimal value. Nothing of `_meta`, `inputResponses` and `requestState`.
    package var canonicalText: [UInt8] {
        var out = Array("\(method)\n\(kind == .resourceCompletion ? "uri" : "name")\n\(name.utf8.count)\n\(name)\n".utf8)
        for key in argumentKeys {
            if let range = message.document.value(key, in: .params), !message.document.isNull(range) {
                out += CanonicalJSON.text(of: message.document.bytes, at: range)
            }
            out.append(UInt8(ascii: "\n"))
        }
        return out
    }

    private var argumentKeys: [String] {
        switch kind {
        case .toolCall, .prompt: ["arguments"]
        case .resource: []
        case .promptCompletion, .resourceCompletion: ["argument", "context"]
        }
    }
}
