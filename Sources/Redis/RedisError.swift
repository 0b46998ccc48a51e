/// Why a command has no reply. No case ever carries a password; of a command's arguments only keys are named.
package enum RedisError: Error, Sendable, Hashable {
    /// The command may have run: its connection was lost, or its deadline passed, after it was sent.
    case unavailable(String)
    /// The command did not run: it was never sent.
    case notSent(String)
    /// Redis answered with an error; `code` is its first word.
    case server(code: String, message: String)
    /// The peer does not speak RESP2 within our bounds. The command may have run.
    case protocolViolation(String)
    /// Two keys of one command live in different hash slots.
    case crossSlot(String, String)
    /// The URL names no Redis server; the text does not repeat it.
    case badURL(String)
    /// The certificates or keys for TLS cannot be used.
    case badTLS(String)
    /// The password cannot be used; the text does not repeat it.
    case badSecret(String)

    /// One of a fixed set of words, fit for a metric.
    package var label: String {
        switch self {
        case .unavailable: "unavailable"
        case .notSent: "not_sent"
        case .server: "server_error"
        case .protocolViolation: "protocol_violation"
        case .crossSlot: "cross_slot"
        case .badURL: "bad_url"
        case .badTLS: "bad_tls"
        case .badSecret: "bad_secret"
        }
    }

    /// True when the command's effect is unknown.
    package var mayHaveRun: Bool {
        switch self {
        case .unavailable, .protocolViolation: true
        case .notSent, .server, .crossSlot, .badURL, .badTLS, .badSecret: false
        }
    }

    /// Why a command failed whose connection was stopped.
    static let stopped = "the connection was given up"

    /// The error reply `text`, split at its first word.
    init(reply text: String) {
        let code = text.prefix { $0 != " " }
        self = .server(code: String(code), message: text)
    }
}

extension RedisError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let reason): "Redis is out of reach, the command may have run: \(reason)"
        case .notSent(let reason): "Redis is out of reach, the command was not sent: \(reason)"
        case .server(_, let message): "Redis answered: \(message)"
        case .protocolViolation(let reason): "Redis broke its protocol: \(reason)"
        case .crossSlot(let one, let other): "keys \(one) and \(other) are in different hash slots"
        case .badURL(let reason): "not a Redis URL: \(reason)"
        case .badTLS(let reason): "TLS for Redis: \(reason)"
        case .badSecret(let reason): "the password for Redis: \(reason)"
        }
    }
}
