/// What each request of a revision without a handshake says of its sender: the gateway, which can do nothing that a client may be asked,
/// or the agent in whose name it speaks.
package struct Sender: Sendable {
    /// The revision that the requests name.
    package let revision: String
    /// Members for `params._meta`, between commas.
    let members: [UInt8]

    /// The gateway itself.
    package init(revision: String, clientVersion: String) {
        var info: [UInt8] = []
        Outgoing.appendIdentity(version: clientVersion, to: &info)
        self.init(revision: revision, info: info, capabilities: Array("{}".utf8), logLevel: nil)
    }

    /// An agent, which wants log messages of that level and above, or none.
    package init(revision: String, profile: ClientProfile, logLevel: LogLevel?) {
        self.init(revision: revision, info: profile.info, capabilities: profile.capabilities, logLevel: logLevel)
    }

    private init(revision: String, info: [UInt8]?, capabilities: [UInt8], logLevel: LogLevel?) {
        var out: [UInt8] = []
        func append(_ key: String, _ value: [UInt8]) {
            if !out.isEmpty { out.append(UInt8(ascii: ",")) }
            JSONText.append(string: key, to: &out)
            out.append(UInt8(ascii: ":"))
            out += value
        }
        append(MetaKey.protocolVersion, JSONText.string(revision))
        append(MetaKey.clientCapabilities, capabilities)
        if let info { append(MetaKey.clientInfo, info) }
        if let logLevel { append(MetaKey.logLevel, JSONText.string(logLevel.rawValue)) }
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
