import Configuration
import Redis
import Store

/// Where Redis is, as nodes and commands are told alike.
///
/// - `redis.url` (secret, `redis://127.0.0.1:6379`), `redis.prefix` (text, `satgate:`), `redis.timeout` (ms, 2000)
struct RedisSettings {
    var url = "redis://127.0.0.1:6379"
    var prefix = "satgate:"
    var timeout = 2000

    /// The defaults.
    init() {}

    /// Reads its keys; the error names the one that is bad.
    init(_ reader: ConfigReader) async throws {
        url = try await reader.fetchString(forKey: "redis.url", isSecret: true) ?? url
        prefix = try await reader.fetchString(forKey: "redis.prefix") ?? prefix
        timeout = try await reader.integer("redis.timeout", in: 10...60_000) ?? timeout
    }

    /// What the client is told.
    func client() throws -> RedisConfiguration {
        var configuration = try RedisConfiguration(url: url)
        configuration.commandTimeout = .milliseconds(timeout)
        return configuration
    }

    /// The names under the prefix.
    func names() throws -> KeyNames {
        guard let names = KeyNames(prefix: prefix) else {
            throw BadValue(key: "redis.prefix", wanted: "at most 64 letters, digits and :._-")
        }
        return names
    }
}
