import HTTPFuzz
import HTTPWire

extension FuzzTarget {
    /// Messages of HTTP/1.1, responses where they begin with `HTTP/`. What ours takes, llhttp takes for the same.
    static let head = FuzzTarget(
        "head",
        seeds: (Corpus.goodRequests + Corpus.goodResponses + Corpus.badRequests.values.sorted() + Corpus.badResponses.values.sorted())
            .map { .init(of: $0) },
        words: [
            "\r\n", "\n", "\r", "\t", "\u{0}", ": ", ";", ",", "chunked", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n",
            "\u{b}", "\r\n\r\n",
            "\r\n ", " HTTP/1.1\r\n", " HTTP/1.0\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n", "0\r\n\r\n",
            "1\r\na\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n", "Upgrade: x\r\n", "Expect: 100-continue\r\n", "\"", "=",
            "\u{80}", "http://a",
        ]
    ) { bytes in
        let pieces = FuzzTarget.pieces(of: bytes)
        let isResponse = bytes.starts(with: "HTTP/".utf8)
        func ours(_ pieces: [ArraySlice<UInt8>], _ codec: HTTPCodec = .bytes) -> Reading {
            isResponse ? .responses(pieces, by: codec) : .requests(pieces, by: codec)
        }
        let (read, strict) = (ours(pieces), ours(pieces, .strict))
        let theirs: Reading = isResponse ? .responsesByNIO(pieces) : .requestsByNIO(pieces)
        if ours([bytes[...]]) != read { return "depends on where it is cut" }
        if let quarrel = Duel(ours: read, theirs: theirs).quarrel { return quarrel }
        if let quarrel = Duel(ours: read, theirs: strict).quarrel { return "strict takes otherwise: \(quarrel)" }
        return Duel(ours: strict, theirs: theirs).quarrel.map { "strict: \($0)" }
    }
}
