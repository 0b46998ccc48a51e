/// What a client can be asked by servers that are used in its name.
package struct ClientAbilities: OptionSet, Sendable, Hashable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    package static let sampling = ClientAbilities(rawValue: 1)
    package static let roots = ClientAbilities(rawValue: 2)
    /// It shows its user forms.
    package static let elicitation = ClientAbilities(rawValue: 4)
    /// It sends its user to a URL.
    package static let elicitationByURL = ClientAbilities(rawValue: 8)
}

extension Message {
    /// What a client must be able to do to be asked this; nil for what no server asks.
    package var neededAbility: ClientAbilities? {
        switch method {
        case Method.createMessage: .sampling
        case Method.rootsList: .roots
        case Method.elicit: paramText("mode") == "url" ? .elicitationByURL : .elicitation
        default: nil
        }
    }
}

extension JSONDocument {
    /// What the capabilities of a client, which are its outermost value, say.
    var clientAbilities: ClientAbilities {
        var found: ClientAbilities = []
        func has(_ key: String) -> Bool { value(key, in: .other).map { !isNull($0) } ?? false }
        if has("sampling") { found.insert(.sampling) }
        if has("roots") { found.insert(.roots) }
        guard has("elicitation"), let elicitation = value("elicitation", in: .other).flatMap({ object($0) }) else { return found }
        // Older revisions know forms alone and name none.
        let byURL = elicitation.value("url", in: .other) != nil
        if byURL { found.insert(.elicitationByURL) }
        if !byURL || elicitation.value("form", in: .other) != nil { found.insert(.elicitation) }
        return found
    }
}
