import Governance
import Redis

extension StoreError {
    /// A server that cannot serve now, or with which nothing can be said, is out of reach; one that answers what no healthy one would is
    /// corrupt.
    init(_ error: RedisError) {
        switch error {
        case .unavailable(let reason), .notSent(let reason): self = .unavailable(reason)
        case .protocolViolation: self = .unavailable(error.description)
        case .server(let code, _) where Self.passing.contains(code): self = .unavailable(code)
        case .server(_, let message): self = .corrupt(message)
        case .crossSlot, .badURL, .badTLS, .badSecret: self = .corrupt(error.description)
        }
    }

    /// First words of errors that time heals.
    private static let passing: Set<String> = [
        "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "NOREPLICAS", "BUSY", "OOM", "MISCONF",
    ]
}

extension RedisClient {
    /// Runs the script, its failure told in the words of the ports. `idempotent`: to be repeated when it is unknown whether it ran.
    func run(
        _ script: Script, keys: [String], arguments: [RedisArgument], timeout: Duration? = nil, idempotent: Bool = true
    ) async throws(StoreError) -> RedisValue {
        do {
            return try await evaluate(script, keys: keys, arguments: arguments, timeout: timeout, idempotent: idempotent)
        } catch { throw StoreError(error) }
    }

    /// Runs the script, its failure told in the words of the ports; it is repeated when it is unknown whether it ran.
    func run(_ command: borrowing ScriptCommand) async throws(StoreError) -> RedisReply {
        do { return try await evaluate(command, idempotent: true) } catch { throw StoreError(error) }
    }

    /// Runs the script likewise, and answers whether as many replicas have what it wrote as `durability` asks for.
    func run(_ command: borrowing ScriptCommand, _ durability: Durability) async throws(StoreError) -> (value: RedisReply, isDurable: Bool)
    {
        guard case .durable(let replicas, let timeout) = durability else { return (try await run(command), true) }
        do {
            let reply = try await evaluate(command, durable: Durable(replicas: replicas, timeout: timeout), idempotent: true)
            return (RedisReply(reply.value), reply.replicas >= replicas)
        } catch { throw StoreError(error) }
    }

    /// Sends one idempotent command, its failure told in the words of the ports.
    func command(_ arguments: [RedisArgument], timeout: Duration? = nil) async throws(StoreError) -> RedisValue {
        do { return try await send(arguments, timeout: timeout, idempotent: true) } catch { throw StoreError(error) }
    }
}
