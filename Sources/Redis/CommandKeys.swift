/// Which arguments of a command are keys.
enum CommandKeys {
    /// Commands that change what the replies to others mean, or when they come: a connection that many share is no place for them.
    private static let unshareable: Set<String> = [
        "AUTH", "BLMOVE", "BLMPOP", "BLPOP", "BRPOP", "BRPOPLPUSH", "BZMPOP", "BZPOPMAX", "BZPOPMIN", "DISCARD", "EXEC", "HELLO", "MONITOR",
        "MULTI", "PSUBSCRIBE", "PSYNC", "PUNSUBSCRIBE", "QUIT", "RESET", "SELECT", "SSUBSCRIBE", "SUBSCRIBE", "SUNSUBSCRIBE", "SYNC",
        "UNSUBSCRIBE", "UNWATCH", "WATCH",
    ]
    /// Commands without a key.
    private static let keyless: Set<String> = [
        "ACL", "ASKING", "BGREWRITEAOF", "BGSAVE", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DBSIZE", "DEBUG", "ECHO", "FLUSHALL",
        "FLUSHDB", "FUNCTION", "INFO", "LASTSAVE", "LATENCY", "PING", "PUBLISH", "PUBSUB", "ROLE", "SCRIPT", "SHUTDOWN",
        "SLOWLOG", "SWAPDB", "TIME", "WAIT", "WAITAOF",
    ]
    /// Commands whose every argument is a key.
    private static let all: Set<String> = [
        "DEL", "EXISTS", "MGET", "PFCOUNT", "PFMERGE", "SDIFF", "SDIFFSTORE", "SINTER", "SINTERSTORE", "SUNION", "SUNIONSTORE", "TOUCH",
        "UNLINK",
    ]
    /// Commands whose first two arguments are keys.
    private static let two: Set<String> = [
        "COPY", "GEOSEARCHSTORE", "LMOVE", "RENAME", "RENAMENX", "RPOPLPUSH", "SMOVE", "ZRANGESTORE",
    ]
    /// Commands whose second argument counts the keys that follow it.
    private static let counted: Set<String> = ["EVAL", "EVALSHA", "EVALSHA_RO", "EVAL_RO", "FCALL", "FCALL_RO"]
    /// Commands whose first argument counts the keys that follow it.
    private static let countedFirst: Set<String> = ["LMPOP", "SINTERCARD", "ZDIFF", "ZINTER", "ZINTERCARD", "ZMPOP", "ZUNION"]

    /// The slot of the command's keys; nil where it has none. Any other command than those listed has its first argument for a key.
    ///
    /// Refuses a command that cannot share a connection, an empty one too: Redis answers it with nothing.
    static func slot(of arguments: [RedisArgument]) throws(RedisError) -> HashSlot? {
        guard let command = arguments.first else { throw .notSent("an empty command") }
        let name = String(decoding: bytes(command), as: UTF8.self).uppercased()
        guard !unshareable.contains(name) else { throw .notSent("\(name) is not for a shared connection") }
        var keys = keys(of: name, arguments.dropFirst()).makeIterator()
        guard let first = keys.next() else { return nil }
        let slot = HashSlot(key: bytes(first))
        while let key = keys.next() {
            guard HashSlot(key: bytes(key)) != slot else { continue }
            throw .crossSlot(String(decoding: bytes(first), as: UTF8.self), String(decoding: bytes(key), as: UTF8.self))
        }
        return slot
    }

    private static func keys(of name: String, _ rest: ArraySlice<RedisArgument>) -> [RedisArgument] {
        if keyless.contains(name) { return [] }
        if all.contains(name) { return Array(rest) }
        if two.contains(name) { return Array(rest.prefix(2)) }
        if counted.contains(name) { return Array(rest.dropFirst(2).prefix(count(rest.dropFirst().first))) }
        if countedFirst.contains(name) { return Array(rest.dropFirst().prefix(count(rest.first))) }
        switch name {
        case "MSET", "MSETNX": return rest.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
        case "OBJECT", "XINFO", "XGROUP": return Array(rest.dropFirst().prefix(1))
        case "XREAD", "XREADGROUP": return streams(rest)
        case "KEYS": return pattern(rest.first)
        case "SCAN": return pattern(match(rest))
        default: return Array(rest.prefix(1))
        }
    }

    /// The first half of what follows STREAMS.
    private static func streams(_ arguments: ArraySlice<RedisArgument>) -> [RedisArgument] {
        guard let at = arguments.firstIndex(where: { String(decoding: bytes($0), as: UTF8.self).uppercased() == "STREAMS" }) else {
            return []
        }
        let names = arguments[(at + 1)...]
        return Array(names.prefix(names.count / 2))
    }

    /// The pattern, where a hash tag in it says in which slot all is that it finds.
    private static func pattern(_ pattern: RedisArgument?) -> [RedisArgument] {
        guard let pattern, HashSlot.tagEnd(of: bytes(pattern)) != nil else { return [] }
        return [pattern]
    }

    /// What follows MATCH.
    private static func match(_ arguments: ArraySlice<RedisArgument>) -> RedisArgument? {
        let at = arguments.firstIndex { String(decoding: bytes($0), as: UTF8.self).uppercased() == "MATCH" }
        return at.flatMap { arguments[($0 + 1)...].first }
    }

    private static func count(_ argument: RedisArgument?) -> Int {
        argument.flatMap { Int(String(decoding: bytes($0), as: UTF8.self)) }.map { max(0, $0) } ?? 0
    }

    private static func bytes(_ argument: RedisArgument) -> [UInt8] {
        switch argument {
        case .text(let text): Array(text.utf8)
        case .bytes(let bytes): bytes
        case .integer(let value): Array(String(value).utf8)
        }
    }
}
