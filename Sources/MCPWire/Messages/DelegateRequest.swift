/// What `satgate/delegate` asks for, as it is written.
package struct DelegateRequest: Sendable, Equatable {
    /// The time for which the child's token is asked for.
    package enum Life: Sendable, Hashable {
        /// As long as its parent's.
        case inherited
        case seconds(Int64)
        /// With a unit: `1h`.
        case text(String)
    }

    /// A decimal text.
    package let budget: String
    /// A comma list; nil: the parent's own.
    package let scope: String?
    package let label: String?
    package let life: Life
    /// What a repeat is known by; nil where the request brings no key.
    package let key: IdempotencyKey?

    /// Reads the params of a request; `headerKey` is what its header `Idempotency-Key` says.
    package init(_ message: Message, headerKey: [UInt8]? = nil) throws(Fault) {
        let document = message.document
        guard let amount = document.value("budget", in: .params) else { throw .invalidParams("params.budget must be a number of credits") }
        budget = document.text(amount) ?? String(decoding: document.raw(amount), as: UTF8.self)
        scope = try Self.scope(in: document)
        label = try Self.text("label", in: document)
        life = try Self.life(in: document)
        key = try Self.key(in: message, headerKey)
    }

    private static func text(_ member: String, in document: JSONDocument) throws(Fault) -> String? {
        guard let range = document.value(member, in: .params), !document.isNull(range) else { return nil }
        guard let text = document.text(range), !text.isEmpty else { throw .invalidParams("params.\(member) must be a text") }
        return text
    }

    /// A comma list, or a list of texts.
    private static func scope(in document: JSONDocument) throws(Fault) -> String? {
        guard let range = document.value("scope", in: .params), let elements = JSONScanner.elements(of: document.bytes, in: range) else {
            return try text("scope", in: document)
        }
        let words = elements.compactMap { document.text($0) }
        guard !words.isEmpty, words.count == elements.count, !words.contains(where: { $0.contains(",") }) else {
            throw .invalidParams("params.scope must list words")
        }
        return words.joined(separator: ",")
    }

    private static func life(in document: JSONDocument) throws(Fault) -> Life {
        guard let range = document.value("expiresIn", in: .params), !document.isNull(range) else { return .inherited }
        if let text = document.text(range) { return .text(text) }
        guard let seconds = Int64(String(decoding: document.raw(range), as: UTF8.self)), seconds > 0, seconds <= 10_000_000_000 else {
            throw .invalidParams("params.expiresIn must be seconds or a text such as \"1h\"")
        }
        return .seconds(seconds)
    }

    private static func key(in message: Message, _ headerKey: [UInt8]?) throws(Fault) -> IdempotencyKey? {
        let own = message.document.text(.idempotencyKey, in: .paramsMeta).flatMap { IdempotencyKey($0) }
        let named = headerKey.flatMap { IdempotencyKey($0) }
        let isSaid = message.document.value(.idempotencyKey, in: .paramsMeta) != nil
        guard (own != nil) == isSaid, (named != nil) == (headerKey != nil) else { throw .invalidParams(IdempotencyKey.rule) }
        if let own, let named, own != named { throw .invalidParams("Idempotency-Key is not the key in params._meta") }
        return own ?? named
    }
}
