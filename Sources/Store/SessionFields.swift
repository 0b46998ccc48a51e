import Governance
import Redis

/// The fields of a session's hash.
enum SessionFields {
    /// What makes a `Session`.
    static let names: [RedisArgument] = [
        "principal", "transport", "revision", "client", "owner", "level", "info", "abilities", "pass", "label",
    ]
    /// What is counted and noted beside it: the node that served it last, when it was opened, calls, millionths of credits, the node that
    /// holds its stream.
    static let counts: [RedisArgument] = ["node", "opened", "calls", "credits", "listener"]

    /// The session of these values; nil where there is none.
    static func session(_ id: SessionID, of tenant: TenantName, in values: [RedisValue]) throws(StoreError) -> Session? {
        guard values.count >= names.count else { throw .corrupt("session") }
        if values[0] == .null { return nil }
        guard let principal = values[0].text.flatMap({ TokenID($0) }),
            let transport = values[1].text.flatMap(Session.Transport.init(rawValue:))
        else { throw .corrupt("session") }
        var session = Session(
            id: id, tenant: tenant, principal: principal, transport: transport, revision: values[2].text, client: values[3].text,
            label: values[9].text, owner: values[4].text.flatMap { NodeID($0) }, pass: try values[8].text.map(StreamPassText.pass))
        session.logLevel = values[5].text
        session.clientInfo = values[6].text
        session.capabilities = values[7].text
        return session
    }
}
