extension RedisConfiguration {
    /// Reads `redis[s]://[[user][:password]@]host[:port][/database]`, `redis[s]+sentinel://[…@]host[:port],…/master[/database]`, the ports
    /// those of the sentinels, or `redis[s]+cluster://[…@]host[:port],…`; user and password are percent-decoded, an IPv6 host stands in brackets.
    package init(url: String) throws(RedisError) {
        guard let (scheme, rest) = Self.split(url[...], at: "://") else { throw .badURL(Self.schemes) }
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else { throw .badURL("it must have no query and no fragment") }
        let (authority, path) = Self.split(rest, at: "/") ?? (rest, "")
        var servers = authority
        var credentials: RedisCredentials?
        if let at = authority.lastIndex(of: "@") {
            credentials = try Self.credentials(authority[..<at])
            servers = authority[authority.index(after: at)...]
        }
        let words = scheme.lowercased().split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        guard let protocolName = words.first, ["redis", "rediss"].contains(protocolName) else { throw .badURL(Self.schemes) }
        let (place, database) = try Self.place(words.count == 1 ? nil : words[1], servers, path)
        let tls = protocolName == "rediss" ? RedisTLS() : nil
        self.init(place, secrets: RedisSecrets(credentials, tls: tls), database: database)
    }

    private static let schemes = "it must begin with redis:// or rediss://, or with +sentinel or +cluster before the colon"

    private static func place(
        _ kind: Substring?, _ servers: Substring, _ path: Substring
    ) throws(RedisError) -> (Place, database: Int) {
        switch kind {
        case nil: return (.single(try address(servers, port: 6379)), try database(path))
        case "sentinel":
            let (master, rest) = split(path, at: "/") ?? (path, "")
            // As a sentinel reads names from its configuration file.
            guard !master.isEmpty, master.utf8.allSatisfy({ isWord($0) }) else {
                throw .badURL("the path must begin with the master's name")
            }
            return (.sentinels(try addresses(servers, port: 26_379), master: String(master)), try database(rest))
        case "cluster":
            guard try database(path) == 0 else { throw .badURL("a cluster has only database 0") }
            return (.cluster(try addresses(servers, port: 6379)), 0)
        default: throw .badURL(schemes)
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func addresses(_ text: Substring, port: Int) throws(RedisError) -> [ServerAddress] {
        var addresses: [ServerAddress] = []
        for each in text.split(separator: ",", omittingEmptySubsequences: false) { addresses.append(try address(each, port: port)) }
        guard Set(addresses).count == addresses.count else { throw .badURL("a server is named twice") }
        return addresses
    }

    private static func credentials(_ text: Substring) throws(RedisError) -> RedisCredentials? {
        if text.isEmpty { return nil }
        guard let (user, password) = split(text, at: ":") else { throw .badURL("a user needs a password") }
        guard let user = percentDecoded(user), let password = percentDecoded(password) else {
            throw .badURL("the user or the password is not percent-encoded UTF-8")
        }
        guard !password.isEmpty else { throw .badURL("the password is empty") }
        return RedisCredentials(user: user.isEmpty ? nil : user, password: password)
    }

    private static func address(_ text: Substring, port usual: Int) throws(RedisError) -> ServerAddress {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw .badURL("the host's bracket is not closed") }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw .badURL("only a port may follow the host") }
            port = rest.isEmpty ? nil : rest.dropFirst()
            guard host.contains(":") else { throw .badURL("brackets are for IPv6 hosts") }
        } else if let (name, digits) = split(text, at: ":") {
            host = name
            port = digits
        }
        guard !host.isEmpty else { throw .badURL("the host is missing") }
        guard host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: ",") }) else {
            throw .badURL("the host has characters that no host has")
        }
        guard let port else { return ServerAddress(host: String(host), port: usual) }
        guard let number = digits(port), (1...65_535).contains(number) else { throw .badURL("the port is not a number in 1...65535") }
        return ServerAddress(host: String(host), port: number)
    }

    private static func database(_ path: Substring) throws(RedisError) -> Int {
        if path.isEmpty { return 0 }
        guard let number = digits(path) else { throw .badURL("the path is not a database's number") }
        return number
    }

    private static func digits(_ text: Substring) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int(text)
    }

    private static func split(_ text: Substring, at separator: String) -> (Substring, Substring)? {
        var start = text.startIndex
        while start < text.endIndex {
            let rest = text[start...]
            if rest.hasPrefix(separator) { return (text[..<start], rest.dropFirst(separator.count)) }
            start = text.index(after: start)
        }
        return nil
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
