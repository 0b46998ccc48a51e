package import Gateway
package import Governance

/// What stands on a node's own channel: the session's id, a letter that tells the kind, and the rest.
package enum NodeMessage: Sendable, Hashable {
    /// `<session id>m<bytes>`: for the stream of that session.
    case delivery(SessionID, [UInt8])
    /// `<session id>k<tenant> <sequence> <bytes>`: kept under that number, for the own stream of that session.
    case kept(SessionID, TenantName, Int64, [UInt8])
    /// `<session id>q<bytes>`: what that session's agent says of a question that the node asked.
    case reply(SessionID, [UInt8])
    /// `<session id>t<fence>`: the session's stream was taken under this fence, by another node.
    case streamTaken(SessionID, fence: Int64)
    /// `<session id>o<stream>`: of an answer that the node reads more was kept, or it is read elsewhere now.
    case answerWentOn(SessionID, stream: String)
    /// `<relay's id>r<letter><rest>`: of a call that goes on at two nodes.
    case relay(RelayMessage)
    /// `<first half of a record's name>d<second half>`: its call has ended.
    case recorded(RecordName)

    /// As it is published.
    package var bytes: [UInt8] {
        switch self {
        case .delivery(let session, let message): Array("\(session.text)m".utf8) + message
        case .kept(let session, let tenant, let sequence, let message): Array("\(session.text)k\(tenant.text) \(sequence) ".utf8) + message
        case .answerWentOn(let session, let stream): Array("\(session.text)o\(stream)".utf8)
        case .reply(let session, let message): Array("\(session.text)q".utf8) + message
        case .relay(let message): Array("\(message.relay.text)r".utf8) + message.content.bytes
        case .recorded(let record): Array("\(record.text.prefix(32))d\(record.text.suffix(32))".utf8)
        case .streamTaken(let session, let fence): Array("\(session.text)t\(fence)".utf8)
        }
    }

    /// Reads `bytes` back; nil for what this version does not know.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count > 33, let session = SessionID(String(decoding: bytes.prefix(32), as: UTF8.self)) else { return nil }
        let rest = bytes.dropFirst(33)
        switch bytes[32] {
        case UInt8(ascii: "m"): self = .delivery(session, Array(rest))
        case UInt8(ascii: "k"):
            let parts = rest.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, let tenant = TenantName(String(decoding: parts[0], as: UTF8.self)),
                let sequence = Int64(String(decoding: parts[1], as: UTF8.self)), sequence > 0
            else { return nil }
            self = .kept(session, tenant, sequence, Array(parts[2]))
        case UInt8(ascii: "o"): self = .answerWentOn(session, stream: String(decoding: rest, as: UTF8.self))
        case UInt8(ascii: "q"): self = .reply(session, Array(rest))
        case UInt8(ascii: "r"):
            guard let relay = CallID(session.text), let content = RelayMessage.Content(rest) else { return nil }
            self = .relay(RelayMessage(relay, content))
        case UInt8(ascii: "d"):
            guard let record = RecordName(session.text + String(decoding: rest, as: UTF8.self)) else { return nil }
            self = .recorded(record)
        case UInt8(ascii: "t"):
            guard let fence = Int64(String(decoding: rest, as: UTF8.self)), fence > 0 else { return nil }
            self = .streamTaken(session, fence: fence)
        default: return nil
        }
    }
}
