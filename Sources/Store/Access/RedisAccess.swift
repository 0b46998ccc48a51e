package import Governance
package import Redis

/// What nodes and commands may have to do in Redis: the rights that their user there needs, and whether it has them.
package struct RedisAccess: Sendable {
    private let redis: RedisClient
    private let names: KeyNames

    package init(redis: RedisClient, names: KeyNames) {
        self.redis = redis
        self.names = names
    }

    /// Commands that scripts and nodes send, each with arguments behind the key that it can be tried with; those without a key are nil.
    private static let commands: [(name: String, arguments: [String]?)] = [
        ("DEL", []), ("EXISTS", []), ("GET", []), ("HDEL", ["f"]), ("HEXISTS", ["f"]), ("HGET", ["f"]), ("HGETALL", []),
        ("HINCRBY", ["f", "1"]), ("HKEYS", []), ("HLEN", []), ("HMGET", ["f"]), ("HSET", ["f", "1"]), ("HSETNX", ["f", "1"]),
        ("PERSIST", []), ("PEXPIRE", ["1000"]), ("PEXPIREAT", ["1"]), ("PTTL", []), ("SADD", ["m"]), ("SCARD", []), ("SET", ["1"]),
        ("SISMEMBER", ["m"]),
        ("SMEMBERS", []), ("SRANDMEMBER", []), ("SREM", ["m"]), ("XADD", ["1-1", "f", "1"]), ("XDEL", ["1-1"]), ("XLEN", []),
        ("XRANGE", ["-", "+"]),
        ("XREVRANGE", ["+", "-"]), ("XTRIM", ["MAXLEN", "1"]), ("ZADD", ["1", "m"]), ("ZCARD", []), ("ZMSCORE", ["m"]),
        ("ZRANGE", ["0", "-1"]), ("ZREM", ["m"]), ("ZREMRANGEBYSCORE", ["0", "1"]), ("ZSCORE", ["m"]), ("PUBLISH", nil), ("TIME", nil),
    ]
    /// What a connection needs, and what is never in a script.
    private static let others = [
        "AUTH", "CLIENT|SETNAME", "EVAL", "EVALSHA", "INFO", "PING", "PSUBSCRIBE", "ROLE", "SCAN", "SELECT", "SUBSCRIBE", "WAIT",
        "XINFO|STREAM", "ASKING", "CLUSTER|NODES", "CLUSTER|SLOTS", "SPUBLISH", "SSUBSCRIBE",
    ]

    /// All of them, in order of their names.
    package static var needed: [String] { (commands.map(\.name) + others).sorted() }

    /// The rule that gives a user all that is needed and nothing else, as of `ACL SETUSER`.
    package static func rule(user: String, prefix: String) -> String {
        let rights = needed.map { "+\($0.lowercased())" }.joined(separator: " ")
        // The pattern of all events must stand there itself: one that only covers it does not let it be subscribed to.
        let channels = "&\(prefix)* &\(prefix)events:*"
        return "ACL SETUSER \(user) on >PASSWORD resetkeys ~\(prefix)* resetchannels \(channels) -@all \(rights)"
    }

    /// What of it the connection's user lacks, each with what Redis says; nothing is written that stays. Commands that only connections
    /// need are found missing by connecting.
    package func missing() async throws(StoreError) -> [String: String] {
        let key = names.prefix + "{_doctor}:probe"
        var arguments: [RedisArgument] = ["EVAL", .text(Self.probe), "1", .text(key), .text(names.control + ":probe")]
        for command in Self.commands { arguments += [.text(command.name), .text((command.arguments ?? ["-"]).joined(separator: " "))] }
        var found: [String: String] = [:]
        do {
            let reply = try await redis.send(arguments)
            for pair in reply.elements ?? [] {
                if let parts = pair.elements, parts.count == 2, let name = parts[0].text { found[name] = parts[1].text ?? "" }
            }
        } catch { try Self.note(error, of: "EVAL", in: &found) }
        for command in Self.alone(key) {
            do { _ = try await redis.send(command.arguments) } catch { try Self.note(error, of: command.name, in: &found) }
        }
        return found
    }

    private static func alone(_ key: String) -> [(name: String, arguments: [RedisArgument])] {
        [
            ("CLIENT|SETNAME", ["CLIENT", "SETNAME", "satgate"]), ("EVALSHA", ["EVALSHA", .text(String(repeating: "0", count: 40)), "0"]),
            ("INFO", ["INFO", "server"]), ("PING", ["PING"]), ("ROLE", ["ROLE"]), ("SCAN", ["SCAN", "0", "COUNT", "1"]),
            ("WAIT", ["WAIT", "0", "1"]), ("XINFO|STREAM", ["XINFO", "STREAM", .text(key)]),
        ]
    }

    /// Only a lack of rights counts: what a command finds at the key does not.
    private static func note(_ error: RedisError, of name: String, in found: inout [String: String]) throws(StoreError) {
        guard case .server(let code, let message) = error else { throw StoreError(error) }
        if code == "NOPERM" { found[name] = message }
    }

    /// KEYS: a key that nobody uses. ARGV: a channel; then for each command its name and its arguments behind the key. Reply: those that
    /// may not be sent, each with the reason.
    private static let probe = """
        local lacking = {}
        redis.pcall('DEL', KEYS[1])
        for i = 2, #ARGV, 2 do
          local name, words = ARGV[i], {}
          if name == 'PUBLISH' then words = {ARGV[1], ''}
          elseif name ~= 'TIME' then
            words = {KEYS[1]}
            for word in string.gmatch(ARGV[i + 1], '%S+') do words[#words + 1] = word end
          end
          local reply = redis.pcall(name, unpack(words))
          local said = type(reply) == 'table' and reply.err or ''
          -- As versions say it: 7.0 in scripts, later ones in scripts, outside of them.
          if string.find(said, 'user executing the script', 1, true) or string.find(said, 'ACL failure', 1, true)
            or string.find(said, 'NOPERM', 1, true) then
            lacking[#lacking + 1] = {name, said}
          end
        end
        redis.pcall('DEL', KEYS[1])
        return lacking
        """
}
