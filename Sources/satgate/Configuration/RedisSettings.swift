import Configuration
import Redis
import Store

/// Where Redis is, as nodes and commands are told alike.
///
/// - `redis.url` (secret, `redis://127.0.0.1:6379`), `redis.prefix` (text, `satgate:`), `redis.timeout` (ms, 2000)
/// - `redis.username` (text, none), `redis.password_file` (path, none): instead of those in the URL; the file is read again when it changes
/// - `redis.sentinel.username` (text, none), `redis.sentinel.password_file` (path, none): for sentinels; the file is read again likewise
/// - `redis.tls.ca_file`, `redis.tls.certificate_file`, `redis.tls.key_file` (paths, none), `redis.tls.server_name` (text, none): for
///   `rediss`; the files are read again when they change
struct RedisSettings {
    var url = "redis://127.0.0.1:6379"
    var prefix = "satgate:"
    var timeout = 2000
    var username: String?
    /// Read again when it changes.
    var passwordFile: String?
    var sentinelUsername: String?
    /// Read again when it changes.
    var sentinelPasswordFile: String?
    /// Nil: none of its keys is given.
    var tls: RedisTLS?

    /// The defaults.
    init() {}

    /// Reads its keys; the error names the one that is bad.
    init(_ reader: ConfigReader) async throws {
        url = try await reader.fetchString(forKey: "redis.url", isSecret: true) ?? url
        prefix = try await reader.fetchString(forKey: "redis.prefix") ?? prefix
        timeout = try await reader.integer("redis.timeout", in: 10...60_000) ?? timeout
        username = try await reader.text("redis.username")
        passwordFile = try await reader.text("redis.password_file")
        sentinelUsername = try await reader.text("redis.sentinel.username")
        sentinelPasswordFile = try await reader.text("redis.sentinel.password_file")
        let tls = RedisTLS(
            authorities: try await reader.text("redis.tls.ca_file"), certificate: try await reader.text("redis.tls.certificate_file"),
            key: try await reader.text("redis.tls.key_file"), serverName: try await reader.text("redis.tls.server_name"))
        self.tls = tls == RedisTLS() ? nil : tls
    }

    /// What the client is told.
    func client() throws -> RedisConfiguration {
        var configuration = try RedisConfiguration(url: url)
        configuration.commandTimeout = .milliseconds(timeout)
        if tls != nil, !configuration.secrets.isSecure {
            throw BadValue(key: "redis.tls", wanted: "left out, or redis.url must begin with rediss")
        }
        if username != nil, passwordFile == nil { throw BadValue(key: "redis.password_file", wanted: "given, as redis.username is") }
        if let passwordFile {
            guard configuration.secrets.isAnonymous else {
                throw BadValue(key: "redis.password_file", wanted: "the only place of a password")
            }
            configuration.secrets = RedisSecrets(.init(user: username, path: passwordFile), tls: tls ?? configuration.secrets.tls)
        } else if let tls {
            configuration.secrets = configuration.secrets.with(tls)
        }
        configuration.sentinelSecrets = try sentinelSecrets(configuration.place)
        return configuration
    }

    private func sentinelSecrets(_ place: RedisConfiguration.Place) throws -> RedisSecrets? {
        guard sentinelUsername != nil || sentinelPasswordFile != nil else { return nil }
        guard let sentinelPasswordFile else {
            throw BadValue(key: "redis.sentinel.password_file", wanted: "given, as redis.sentinel.username is")
        }
        guard case .sentinels = place else {
            throw BadValue(key: "redis.sentinel", wanted: "left out, or redis.url must begin with redis+sentinel or rediss+sentinel")
        }
        return RedisSecrets(.init(user: sentinelUsername, path: sentinelPasswordFile))
    }

    /// The names under the prefix.
    func names() throws -> KeyNames {
        guard let names = KeyNames(prefix: prefix) else {
            throw BadValue(key: "redis.prefix", wanted: "at most 64 letters, digits and :._-")
        }
        return names
    }
}
