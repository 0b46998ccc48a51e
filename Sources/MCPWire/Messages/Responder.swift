/// What each result of a revision without a handshake says beside its content: that it is whole, and whose it is.
package struct Responder: Sendable {
    /// `"resultType":"complete"`.
    static let completeness = Array(#""resultType":"complete""#.utf8)

    /// The member of `_meta` that names the gateway.
    let identity: [UInt8]

    /// The gateway of this version.
    package init(version: String) {
        var out = JSONText.string(MetaKey.serverInfo)
        JSONText.append(raw: ":", to: &out)
        Outgoing.appendIdentity(version: version, to: &out)
        identity = out
    }

    /// Appends the members of a result that is made here.
    func append(to out: inout [UInt8]) {
        out += Self.completeness
        JSONText.append(raw: #","_meta":{"#, to: &out)
        out += identity
        JSONText.append(raw: "}", to: &out)
    }

    /// Appends those of a result that may be kept for so many milliseconds, by this agent alone: what it may see hangs on its token.
    func append(freshFor milliseconds: Int, to out: inout [UInt8]) {
        JSONText.append(raw: #""ttlMs":"#, to: &out)
        JSONText.append(integer: milliseconds, to: &out)
        JSONText.append(raw: #","cacheScope":"private","#, to: &out)
        append(to: &out)
    }
}
