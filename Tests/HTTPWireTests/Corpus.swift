/// Messages as they are sent, and as nobody should send them.
enum Corpus {
    static let goodRequests = [
        "POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello",
        "GET /sse?x=1 HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n",
        "POST /mcp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;name=x;y\r\n, world...\r\n0\r\nTrailer: t\r\n\r\n",
        "POST /mcp HTTP/1.1\r\nHost: a\r\ntransfer-ENCODING: \t Chunked \r\nExpect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "DELETE /mcp HTTP/1.0\r\nConnection: keep-alive\r\nMcp-Session-Id: 0123\r\nContent-Length: 0\r\n\r\n",
        "\r\nPOST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nX:\r\nY: \u{e9}\t z \r\n\r\nokGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive, x, CLOSE\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nOrigin: http://localhost\r\nContent-Length: 00000000000003\r\n\r\nabc",
    ]
    static let badRequests = [
        "two framings": "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "two framings, the other way round": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "two lengths": "POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        "the same length twice": "POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
        "a list of lengths": "POST / HTTP/1.1\r\nContent-Length: 4, 4\r\n\r\nabcd",
        "a signed length": "POST / HTTP/1.1\r\nContent-Length: +4\r\n\r\nabcd",
        "a negative length": "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "a length with a space": "POST / HTTP/1.1\r\nContent-Length: 4 4\r\n\r\nabcd",
        "a hexadecimal length": "POST / HTTP/1.1\r\nContent-Length: 0x4\r\n\r\nabcd",
        "an empty length": "POST / HTTP/1.1\r\nContent-Length: \r\n\r\n",
        "a length beyond counting": "POST / HTTP/1.1\r\nContent-Length: 18446744073709551620\r\n\r\nabcd",
        "chunked twice": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "chunked twice in one line": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "chunked and more": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "another coding": "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "almost chunked": "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "chunked with a vertical tab": "POST / HTTP/1.1\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
        "chunked in quotes": "POST / HTTP/1.1\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "chunked in HTTP/1.0": "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "a space before the colon": "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "a folded line": "GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
        "a first line that is folded": "GET / HTTP/1.1\r\n X: a\r\n\r\n",
        "a bare CR in a value": "GET / HTTP/1.1\r\nX: a\rY: b\r\n\r\n",
        "a NUL in a value": "GET / HTTP/1.1\r\nX: a\0b\r\n\r\n",
        "DEL in a value": "GET / HTTP/1.1\r\nX: a\u{7f}b\r\n\r\n",
        "bare LF behind the request line": "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "bare LF behind a field": "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "bare LF at the end": "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "no name": "GET / HTTP/1.1\r\n: a\r\n\r\n",
        "no colon": "GET / HTTP/1.1\r\nHost\r\n\r\n",
        "a name that is no token": "GET / HTTP/1.1\r\nHo(st: a\r\n\r\n",
        "no version": "GET /\r\n\r\n",
        "HTTP/0.9": "GET / HTTP/0.9\r\n\r\n",
        "HTTP/2.0": "GET / HTTP/2.0\r\n\r\n",
        "HTTP/1.10": "GET / HTTP/1.10\r\n\r\n",
        "two spaces": "GET  / HTTP/1.1\r\n\r\n",
        "a space in the target": "GET /a b HTTP/1.1\r\n\r\n",
        "a tab in the target": "GET /a\tb HTTP/1.1\r\n\r\n",
        "a byte beyond ASCII in the target": "GET /\u{e9} HTTP/1.1\r\n\r\n",
        "CONNECT": "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        "a TLS hello": "\u{16}\u{3}\u{1} hello\r\n\r\n",
        "a chunk size that is no number": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "a chunk size that is empty": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n\r\n",
        "a negative chunk size": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n",
        "a chunk size with 0x": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        "a chunk size beyond counting": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n",
        "a chunk size with a blank": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n",
        "a chunk longer than it says": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        "bare LF behind a chunk size": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
        "bare LF behind a chunk": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n",
        "bare CR in an extension": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;a\rb\r\na\r\n0\r\n\r\n",
        "an extension without a name": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;\r\na\r\n0\r\n\r\n",
        "an endless extension": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + String(repeating: "a", count: 1_000),
        "a length in the trailer": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\nabcde",
        "a folded trailer": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n c\r\n\r\n",
    ]
    static let goodResponses = [
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n6;x=y\r\ndata: \r\n1\r\nx\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nMcp-Session-Id: s\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n",
        "HTTP/1.1 404 \r\nConnection: close\r\nContent-Length: 4\r\n\r\nnope",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\nHTTP/1.1 500 \u{e9}\r\nContent-Length: 0\r\n\r\n",
    ]
    static let badResponses = [
        "two framings": "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
        "another coding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "chunked in HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "a folded line": "HTTP/1.1 200 OK\r\nX: a\r\n\tb\r\nContent-Length: 0\r\n\r\n",
        "bare LF": "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "a bare CR": "HTTP/1.1 200 OK\r\nX: a\rContent-Length: 0\r\n\r\n",
        "a switch of protocols": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "a status of two digits": "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        "a status of four digits": "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        "a status of 0": "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/2": "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
        "another protocol": "ICY 200 OK\r\nContent-Length: 0\r\n\r\n",
        "no HTTP": "\0\0\0\r\n\r\n",
        "a chunk size beyond counting": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\na\r\n0\r\n\r\n",
    ]
}

/// Numbers that a seed decides.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
