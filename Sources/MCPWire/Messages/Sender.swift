/// What each request of a revision without a handshake says of its sender: of the gateway, which declares no client capability.
package struct Sender: Sendable {
    /// The revision that the requests name.
    package let revision: String
    /// Members for `params._meta`, between commas.
    let members: [UInt8]

    package init(revision: String, clientVersion: String) {
        var out = JSONText.string(MetaKey.protocolVersion)
        JSONText.append(raw: ":", to: &out)
        JSONText.append(string: revision, to: &out)
        out += [UInt8(ascii: ",")] + JSONText.string(MetaKey.clientCapabilities)
        JSONText.append(raw: ":{},", to: &out)
        out += JSONText.string(MetaKey.clientInfo)
        JSONText.append(raw: ":", to: &out)
        Outgoing.appendIdentity(version: clientVersion, to: &out)
        self.revision = revision
        members = out
    }

    /// Appends `"_meta":{…}`.
    func append(to out: inout [UInt8]) {
        JSONText.append(raw: #""_meta":{"#, to: &out)
        out += members
        JSONText.append(raw: "}", to: &out)
    }
}
