import Governance
import Redis

extension StoreError {
    /// A server that cannot serve now is out of reach; one that answers what no healthy one would is corrupt.
    init(_ error: RedisError) {
        switch error {
        case .unavailable(let reason), .notSent(let reason): self = .unavailable(reason)
        case .server(let code, _) where Self.passing.contains(code): self = .unavailable(code)
        case .server(_, let message): self = .corrupt(message)
        case .protocolViolation, .crossSlot, .badURL, .badTLS: self = .corrupt(error.description)
        }
    }

    /// First words of errors that time heals.
    private static let passing: Set<String> = [
        "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "NOREPLICAS", "BUSY", "OOM", "MISCONF",
    ]
}

extension RedisClient {
    /// Runs the script, its failure told in the words of the ports.
    func run(_ script: Script, keys: [String], arguments: [RedisArgument]) async throws(StoreError) -> RedisValue {
        do { return try await evaluate(script, keys: keys, arguments: arguments) } catch { throw StoreError(error) }
    }

    /// Sends one command, its failure told in the words of the ports.
    func command(_ arguments: [RedisArgument]) async throws(StoreError) -> RedisValue {
        do { return try await send(arguments) } catch { throw StoreError(error) }
    }
}
