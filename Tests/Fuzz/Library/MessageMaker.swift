/// Makes the bytes of a connection: messages one behind the other, some as they should be, some not.
struct MessageMaker: Sendable {
    private let startLine: @Sendable (inout Seeded, Malice) -> String

    /// Makes requests.
    static let requests = MessageMaker { dice, malice in
        let method = malice.strikes(&dice) ? dice.one(of: strangeMethods) : dice.one(of: methods)
        let target = malice.strikes(&dice) ? dice.one(of: strangeTargets) : dice.one(of: targets)
        let version = malice.strikes(&dice) ? dice.one(of: strangeVersions) : dice.one(of: versions)
        return [method, target, version].joined(separator: malice.strikes(&dice) ? dice.one(of: ["  ", "\t", "", " \t", "\u{b}"]) : " ")
    }

    /// Makes responses.
    static let responses = MessageMaker { dice, malice in
        let version = malice.strikes(&dice) ? dice.one(of: strangeVersions) : dice.one(of: versions)
        let status = malice.strikes(&dice) ? dice.one(of: strangeStatuses) : dice.one(of: statuses)
        return version + (malice.strikes(&dice) ? dice.one(of: ["  ", "\t", ""]) : " ") + status
    }

    /// The bytes of one connection.
    func make(_ dice: inout Seeded) -> [UInt8] {
        var text = ""
        for _ in 0..<dice.one(of: [1, 1, 1, 2, 3]) { text += message(&dice, Malice(&dice)) }
        var bytes = Array(text.utf8)
        if dice.once(in: 3) { Mutation.mutate(&bytes, &dice) }
        return bytes
    }

    private func message(_ dice: inout Seeded, _ malice: Malice) -> String {
        var framing = BodyMaker.make(&dice, malice)
        for _ in 0..<dice.below(4) { framing.fields.insert(Self.field(&dice, malice), at: dice.below(framing.fields.count + 1)) }
        let before = dice.once(in: 20) ? dice.one(of: ["\r\n", "\n", "\r\n\r\n", "\r", " "]) : ""
        let lines = [startLine(&dice, malice)] + framing.fields + [""]
        return before + lines.reduce(into: "") { $0 += $1 + Self.lineEnd(&dice, malice) } + framing.body
    }

    private static func lineEnd(_ dice: inout Seeded, _ malice: Malice) -> String {
        malice.strikes(&dice) && dice.once(in: 3) ? dice.one(of: ["\n", "\r", "\r\r\n", "\n\r", " \r\n", "\u{b}\r\n", "\r\n "]) : "\r\n"
    }

    private static func field(_ dice: inout Seeded, _ malice: Malice) -> String {
        malice.strikes(&dice) ? dice.one(of: strangeFields) : dice.one(of: fields)
    }

    private static let methods = ["POST", "GET", "DELETE", "OPTIONS", "HEAD", "PUT", "PATCH", "TRACE", "QUERY", "M-SEARCH", "PROPFIND"]
    private static let strangeMethods = [
        "post", "PO ST", "", "PRI", "SOURCE", "BREW", "CONNECT", "POSTS", "POS", "P\u{0}ST", "GET\u{b}", "DESCRIBE", "SETUP", "FLUSH",
        "(GET)",
        "\u{16}\u{3}\u{1}",
    ]
    private static let targets = ["/", "/mcp", "/sse?x=1&y=%20", "*", "http://a/mcp", "https://a:1/?q", "//a/b", "/a?http://b/"]
    private static let strangeTargets = [
        "", "a", "/a b", "/\u{e9}", "/#fragment", "http:/a", "http:///", "http://", "http://a b/", "http://a@b@c/", "http://[::1]/",
        "HTTP://a/", "ftp://a/", "a:443", "/a\tb", "/\u{0}", "/\u{7f}", "/\"<>^`{|}", "?x", "**", "*/", "/%zz", "http://a?x", "http://a#x",
        "/a\r", "https://:80/", "http://a:b/", "/" + String(repeating: "a", count: 600),
    ]
    private static let versions = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"]
    private static let strangeVersions = [
        "", "HTTP/0.9", "HTTP/2.0", "HTTP/1.2", "HTTP/1.10", "HTTP/01.1", "http/1.1", "HTTP/1.1 ", "HTTP/1,1", "HTTP/1", "HTTP/ 1.1",
        "RTSP/1.0", "ICE/1.0", "HTTP/1.1\u{0}", "HTTP/1.1x", "HTTP/3.0", "HTTPS/1.1", "ICY",
    ]
    private static let statuses = [
        "200 OK", "200 ", "200", "202 Accepted", "204 No Content", "304 Not Modified", "100 Continue", "103 Early Hints", "404 Not\tFound",
        "500 \u{e9}", "599 x", "307 y",
    ]
    private static let strangeStatuses = [
        "101 Switching Protocols", "20 OK", "2000 OK", "000 OK", "099 OK", "600 OK", "999 OK", "200OK", "-20 OK", "+200 OK", "2 00 OK",
        "200 O\u{0}K", "200 O\rK", "2x0", "200\t", "200 \u{7f}", "",
    ]
    private static let fields = [
        "Host: a", "Content-Type: application/json", "Accept: application/json, text/event-stream", "X:", "X: \t ", "Connection: close",
        "Connection: keep-alive", "connection: Keep-Alive, x", "Mcp-Session-Id: 0123", "Y: \u{e9}\tz", "Expect: 100-continue",
        "Authorization: Bearer abc.def", "!#$%&'*+-.^_`|~09azAZ: all", "TE: trailers", "Upgrade: h2c",
    ]
    private static let strangeFields = [
        "Connection: upgrade", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c", "Connection: close, keep-alive", "Connection:",
        "Connection: ,", "Connection: clos", "Connection: keep-alive\r\nConnection: close", "Connection: close x", "Connection: x close",
        "Connection: \"close\"", "Proxy-Connection: close", "Upgrade: websocket\r\nConnection: upgrade", "Expect: 100-Continue",
        "Expect: x", "Ho st: a", "Host : a", "Host\t: a", ": a", "Host", "Hos\u{e9}: a", "X: a\u{0}b", "X: a\u{7f}b", "X: a\u{b}b",
        "X: a\rb", "X: a\nb", "X: a\r\n b", "X: a\r\n\tb", "X: a\r\n", " X: a", "\tX: a", "X\u{0}: a", "(X): a", "X: \u{1}",
        "X: " + String(repeating: "a", count: 700), String(repeating: "X", count: 300) + ": a", "Keep-Alive: timeout=1", "X: a\u{85}b",
        "Connection: close\t", "Connection: upgrade,close", "Connection:upgrade ,\tkeep-alive\r\nUpgrade:x",
    ]
}
