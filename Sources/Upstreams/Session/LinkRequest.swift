import MCPWire
import NIOCore

/// One request to an upstream over HTTP, and how to judge its answer.
final class LinkRequest: Sendable {
    /// Empty for a GET.
    let body: [UInt8]
    /// Its number; 0 where it has none.
    let id: Int
    let head: PreparedHead
    /// Header lines of this request alone.
    let extra: [HeaderLine]
    /// The call that it carries, which must not be sent twice.
    let call: ForwardedRequest?
    let era: Dialect.Kind
    /// How the upstream is told that nobody waits for the call any more; nil where the end of its connection tells it.
    let backchannel: (any Backchannel)?
    /// How long the response may be silent, where it is a stream that stays open; such a one has a connection of its own.
    let silence: TimeAmount?

    init(
        body: [UInt8] = [], id: Int = 0, head: PreparedHead, extra: [HeaderLine] = [], call: ForwardedRequest? = nil,
        era: Dialect.Kind = .legacy, backchannel: (any Backchannel)? = nil, silence: TimeAmount? = nil
    ) {
        self.body = body
        self.id = id
        self.head = head
        self.extra = extra
        self.call = call
        self.era = era
        self.backchannel = backchannel
        self.silence = silence
    }
}

/// What came of a request over HTTP. Bound to the event loop it was asked on.
enum LinkReply {
    /// Status 200 and a body of messages; `session` is the id that its head gives, nil for that of a call.
    case answered(ResponseStream, session: String?)
    /// Any other response, with the answer in its body if there is one.
    case rejected(status: Int, Answer?)
}

extension UpstreamFailure {
    /// What a response is that carries no answer under 200: a JSON-RPC error in it may say that the message was refused, and a redirect
    /// that it was not taken.
    init(status: Int, _ answer: Answer?) {
        switch answer {
        case _ where status == 307 || status == 308: self = .notDispatched(reason: "HTTP \(status)")
        case .some(let answer) where (400..<600).contains(status) && answer.provesNotRun: self = .refused(answer)
        default: self = .broken(reason: "HTTP \(status)")
        }
    }
}
