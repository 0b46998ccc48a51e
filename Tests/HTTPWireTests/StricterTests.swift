import HTTPFuzz
import HTTPWire
import Testing

/// Where the two differ, ours takes less. What only llhttp takes is here, by kind; `http-fuzz --differences` prints what a campaign finds of it.
@Suite("Stricter than llhttp")
struct StricterTests {
    private static let requestsOfLLHTTP = [
        "chunked in HTTP/1.0": "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "a coding below chunked": "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "a lone line feed ahead": "\nGET / HTTP/1.1\r\n\r\n",
        "a lone carriage return ahead": "\rGET / HTTP/1.1\r\n\r\n",
        "two spaces in the request line": "GET  / HTTP/1.1\r\n\r\n",
        "a fragment": "GET /a#b HTTP/1.1\r\n\r\n",
        "more than an asterisk": "OPTIONS ** HTTP/1.1\r\n\r\n",
        "another scheme": "GET ftp://a/ HTTP/1.1\r\n\r\n",
        "someone named in front of the host": "GET http://b@a/ HTTP/1.1\r\n\r\n",
        "CONNECT": "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        "a long line of a chunk's size": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0;"
            + String(repeating: "a", count: 300) + "\r\n\r\n",
        "a chunk's size of many digits": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000000000\r\n\r\n",
        "a quoted value of an extension": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0;a=\"b\"\r\n\r\n",
        "the connection's end in the trailer": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nConnection: close\r\n\r\n",
    ]
    private static let responsesOfLLHTTP = [
        "chunked in HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "an empty line ahead": "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "a status below 100": "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
        "a status above 599": "HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
        "a coding that is not chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\nabc",
        "another protocol": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ]

    @Test("what llhttp alone takes of requests is refused", arguments: requestsOfLLHTTP.keys.sorted())
    func stricterRequests(_ kind: String) throws {
        let bytes = [Array(try #require(Self.requestsOfLLHTTP[kind]).utf8)]
        #expect(Reading.requestsByNIO(bytes.map { $0[...] }).messages.first?.isWhole == true, "no difference any more")
        #expect(requests(bytes).wholes.isEmpty && requests(bytes).failure != nil)
    }

    @Test("what llhttp alone takes of responses is refused", arguments: responsesOfLLHTTP.keys.sorted())
    func stricterResponses(_ kind: String) throws {
        let bytes = [Array(try #require(Self.responsesOfLLHTTP[kind]).utf8)]
        #expect(Reading.responsesByNIO(bytes.map { $0[...] }).messages.first?.isWhole == true, "no difference any more")
        #expect(responses(bytes).wholes.isEmpty && responses(bytes).failure != nil)
    }

    @Test("a request that offers another protocol is the last of its connection, where NIO reads nothing more of it")
    func upgrades() {
        let reading = requests("POST / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n")
        #expect(reading.messages.map(\.isWhole) == [true] && reading.messages.map(\.keepsAlive) == [false])
    }

    @Test("to keep a connection of HTTP/1.0 beside a tab is asked of nobody, as with llhttp")
    func keepAlive() {
        #expect(requests("GET / HTTP/1.0\r\nConnection: keep-alive\t, x\r\n\r\n").messages.map(\.keepsAlive) == [false])
        #expect(requests("GET / HTTP/1.0\r\nConnection: keep-alive\t\r\n\r\n").messages.map(\.keepsAlive) == [false])
        #expect(requests("GET / HTTP/1.0\r\nConnection: x, keep-alive\r\n\r\n").messages.map(\.keepsAlive) == [true])
    }

    @Test("an interim response that ends its connection is refused")
    func interim() {
        #expect(responses("HTTP/1.0 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").failure == "malformed")
    }
}
