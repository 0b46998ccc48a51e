/// What the agent is to do, as JSON.
struct Plan: Decodable, Sendable {
    /// A tool's call; call `n` is of kind `n` modulo their number.
    struct Kind: Decodable, Sendable {
        let tool: String
        /// Members of the arguments beside `call`, as JSON; `%` stands for the call's id.
        let arguments: String
        /// The agent asks to be told of the progress.
        var progress: Bool?
        /// The result holds the call's id.
        var echoes: Bool?
    }

    /// How a connection speaks.
    enum Era: String, Decodable, Sendable {
        case session
        case stateless
    }

    /// The nodes.
    let ports: [UInt16]
    let token: String
    let connections: Int
    /// By turns, one to a connection.
    let eras: [Era]
    /// Calls are named `<prefix>-<number>`; the name is the idempotency key as well.
    let prefix: String
    let calls: Int
    let kinds: [Kind]
    /// Whether calls carry their key.
    let keyed: Bool
    /// Every connection makes every call, all at the same moment, and takes `in_progress` for an answer.
    let together: Bool
    /// The place in `ports` of the node that is tried first; nil: each in turn.
    let home: Int?
    /// Seconds until an attempt without an answer is given up.
    let patience: Double
    /// Seconds after which a call without a definitive answer stays undecided.
    let deadline: Double
    /// Milliseconds that a connection rests between two calls.
    let pause: Int
    /// A call without a definitive answer is tried again at another node.
    let retries: Bool

    /// The name of a call.
    func name(of call: Int) -> String { "\(prefix)-\(call)" }
}
