import Testing

@testable import Redis

@Suite("URLs")
struct ConfigurationTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let url: String
        let host: String
        var port = 6379
        var user: String?
        var password: String?
        var database = 0
        var secure = false
        var testDescription: String { url }
    }

    @Test(
        "a URL is read for what it says",
        arguments: [
            Row(url: "redis://localhost", host: "localhost"),
            Row(url: "redis://localhost/", host: "localhost"),
            Row(url: "REDIS://localhost:1", host: "localhost", port: 1),
            Row(url: "redis://10.0.0.1:65535/15", host: "10.0.0.1", port: 65_535, database: 15),
            Row(url: "rediss://redis.example:6380/0", host: "redis.example", port: 6_380, secure: true),
            Row(url: "redis://:pw@h", host: "h", password: "pw"),
            Row(url: "redis://gw:pw@h:1/2", host: "h", port: 1, user: "gw", password: "pw", database: 2),
            Row(url: "redis://g%40w:p%3Aw%2F%25%C3%A9@h", host: "h", user: "g@w", password: "p:w/%é"),
            Row(url: "redis://u:a@b:c@h", host: "h", user: "u", password: "a@b:c"),
            Row(url: "redis://@h", host: "h"),
            Row(url: "redis://[::1]", host: "::1"),
            Row(
                url: "rediss://u:p@[2001:db8::1]:7000/1", host: "2001:db8::1", port: 7_000, user: "u", password: "p", database: 1,
                secure: true),
        ])
    func accepted(_ row: Row) throws {
        let configuration = try RedisConfiguration(url: row.url)
        #expect(configuration.place == .single(ServerAddress(host: row.host, port: row.port)))
        #expect(configuration.secrets.credentials == row.password.map { RedisCredentials(user: row.user, password: $0) })
        #expect(configuration.database == row.database)
        #expect(configuration.secrets.isSecure == row.secure)
    }

    @Test("a URL of sentinels names them and their master, one of a cluster some of its servers")
    func manyServers() throws {
        func addresses(_ list: (String, Int)...) -> [ServerAddress] { list.map { ServerAddress(host: $0.0, port: $0.1) } }
        let watched = try RedisConfiguration(url: "rediss+sentinel://gw:p%2Cw@a,b:1,[::1]:2/my.master/3")
        #expect(watched.place == .sentinels(addresses(("a", 26_379), ("b", 1), ("::1", 2)), master: "my.master"))
        #expect(watched.database == 3 && watched.secrets.isSecure)
        #expect(watched.secrets.credentials == RedisCredentials(user: "gw", password: "p,w"))
        #expect("\(watched)" == "rediss+sentinel://a:26379,b:1,[::1]:2/my.master/3")
        #expect(try RedisConfiguration(url: "redis+sentinel://a/m").database == 0)
        let sharded = try RedisConfiguration(url: "redis+cluster://:pw@a,b:7/0")
        #expect(sharded.place == .cluster(addresses(("a", 6379), ("b", 7))))
        #expect("\(sharded)" == "redis+cluster://a:6379,b:7")
    }

    @Test(
        "anything else is refused, without repeating it",
        arguments: [
            "redis+sentinel://a", "redis+sentinel://a/", "redis+sentinel://a//0", "redis+sentinel://a,/m", "redis+sentinel://a,a:26379/m",
            "redis+sentinel://a/m/x", "redis+sentinel://a/m m", "redis+cluster://", "redis+cluster://a,,b", "redis+cluster://a/1",
            "redis+x://a",
            "http+cluster://a", "redis+://a", "redis://a,b",
            "", "redis", "redis:/", "redis://", "http://h", "://h", "redis:///0", "redis://h:0", "redis://h:65536", "redis://h:",
            "redis://h:x",
            "redis://h:-1", "redis://h:1:2", "redis://h/x", "redis://h/-1", "redis://h/1/2", "redis://h/0?db=1", "redis://h#f",
            "redis://user@h",
            "redis://u:@h", "redis://u:%zz@h", "redis://u:%ff@h", "redis://u:%4@h", "redis://[::1", "redis://[::1]x", "redis://[h]",
            "redis://::1",
            "redis://a b", "redis://u:hunter2/x@h", "redis://h%00", "redis://é", " redis://h",
        ])
    func refused(_ url: String) {
        do {
            let configuration = try RedisConfiguration(url: url)
            Issue.record("read as \(configuration)")
        } catch {
            #expect(error.label == "bad_url")
            #expect(!"\(error)".contains("hunter2"))
        }
    }

    @Test("no description, mirror or dump of a configuration shows the password")
    func secrets() throws {
        let configuration = try RedisConfiguration(url: "redis://user:hunter2@h:1/2")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [
            "\(configuration)", String(reflecting: configuration), dumped, "\(String(describing: configuration.secrets.credentials))",
        ] {
            #expect(!text.contains("hunter2"))
        }
        #expect("\(configuration)" == "redis://h:1/2")
    }
}

@Suite("hash slots")
struct HashSlotTests {
    @Test(
        "a key's slot is the one that Redis Cluster gives it",
        arguments: [("123456789", 12_739), ("foo", 12_182), ("{user1000}.following", 3_443), ("user1000", 3_443), ("", 0)])
    func slots(_ key: String, _ slot: UInt16) {
        #expect(HashSlot(key: key.utf8).number == slot)
    }

    @Test("the tag is what is between the first brace and the next closing one, unless empty")
    func tags() {
        func slot(_ key: String) -> HashSlot { HashSlot(key: key.utf8) }
        #expect(slot("a{b}c{d}") == slot("b"))
        #expect(slot("a{{b}c") == slot("{b"))
        #expect(slot("a{}b") != slot(""))
        #expect(slot("a{b") != slot("b"))
        #expect(slot("satgate:{acme}:account:team") == slot("satgate:{acme}:ledger"))
    }

    @Test("keys are in one slot exactly when each one's own slot is the same, however they begin")
    func common() throws {
        let keys = ["", "a", "b", "{a}", "{a}1", "{a}2", "x{a}", "a}{b}", "a}{c}", "{}a", "{}b", "{a", "{ab}", "{a}{b}", "{", "}", "a{b}c"]
        for one in keys {
            for other in keys {
                let agree = HashSlot(key: one.utf8) == HashSlot(key: other.utf8)
                let found = try? HashSlot.common(of: [one, other])
                #expect((found != nil) == agree && (found == nil || found == HashSlot(key: one.utf8)), "\(one) \(other)")
            }
        }
        #expect(try HashSlot.common(of: []) == nil)
    }

    @Test("a command's keys are found where they are")
    func commandKeys() throws {
        func slot(_ arguments: RedisArgument...) throws -> HashSlot? { try CommandKeys.slot(of: arguments) }
        #expect(try slot("PING") == nil)
        #expect(try slot("PUBLISH", "{a}", "{b}") == nil)
        #expect(try slot("get", "{a}") == HashSlot(key: "a".utf8))
        #expect(try slot("HSET", "{a}", "{b}", "{c}") == HashSlot(key: "a".utf8))
        #expect(try slot("MSET", "{a}1", "{b}", "{a}2", "{c}") == HashSlot(key: "a".utf8))
        #expect(try slot("EVAL", "return 1", 0, "{a}", "{b}") == nil)
        #expect(try slot("EVALSHA", "x", 1, "{a}", "{b}") == HashSlot(key: "a".utf8))
        #expect(try slot("XREAD", "COUNT", 1, "STREAMS", "{a}1", "{a}2", 0, 0) == HashSlot(key: "a".utf8))
        #expect(try slot("SCAN", 0, "MATCH", "p{a}:*", "COUNT", 10) == HashSlot(key: "a".utf8))
        #expect(try slot("KEYS", "p{a}:*") == HashSlot(key: "a".utf8) && slot("KEYS", "*") == nil)
        #expect(try slot("SCAN", 0, "match", "p:*") == nil && slot("SCAN", 0, "MATCH") == nil && slot("SCAN", 0) == nil)
        for split: [RedisArgument] in [
            ["MGET", "{a}", "{b}"], ["MSET", "{a}", 1, "{b}", 2], ["RENAME", "{a}", "{b}"], ["EVAL", "return 1", 2, "{a}", "{b}"],
            ["XREAD", "STREAMS", "{a}", "{b}", 0, 0], ["SINTERCARD", 2, "{a}", "{b}"],
        ] {
            #expect(throws: RedisError.crossSlot("{a}", "{b}")) { try CommandKeys.slot(of: split) }
        }
    }

    @Test(
        "what would confuse the replies of a shared connection is not sent",
        arguments: ["SUBSCRIBE", "monitor", "MULTI", "BLPOP", "SELECT"])
    func unshareable(_ name: String) {
        #expect(throws: RedisError.notSent("\(name.uppercased()) is not for a shared connection")) {
            try CommandKeys.slot(of: [.text(name), "x"])
        }
        #expect(throws: RedisError.notSent("an empty command")) { try CommandKeys.slot(of: []) }
    }
}
