/// Makes the framing of a body and the body itself, as they should be and as smugglers have them.
struct BodyMaker {
    /// The field lines that say where the body ends, and the body.
    static func make(_ dice: inout Seeded, _ malice: Malice, lineEnd: String = "\r\n") -> (fields: [String], body: String) {
        let text = dice.one(of: texts)
        switch dice.below(8) {
        case 0: return ([], "")
        case 1, 2, 3: return (lengths(text.utf8.count, &dice, malice), text)
        case 4, 5, 6: return (codings(&dice, malice), chunks(of: text, &dice, malice))
        default:
            guard malice.strikes(&dice) else { return ([], "") }
            // Both at once: whoever reads one of them reads another message.
            let both = lengths(dice.below(12), &dice, malice) + codings(&dice, malice)
            return (dice.once(in: 2) ? both : both.reversed(), chunks(of: text, &dice, malice))
        }
    }

    private static let texts = [
        "", "a", "hello", "{\"jsonrpc\":\"2.0\"}", "data: x\n\n", "0\r\n\r\n", "\r\n", "GET /smuggled HTTP/1.1\r\nHost: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", String(repeating: "x", count: 300), "\u{0}\u{1}\u{7f}\u{e9}",
    ]

    private static func lengths(_ size: Int, _ dice: inout Seeded, _ malice: Malice) -> [String] {
        let good = [
            "Content-Length: \(size)", "content-length:\(size)", "CONTENT-LENGTH:  \(size) ", "Content-Length: 00\(size)",
            "Content-Length:\t\(size)",
        ]
        guard malice.strikes(&dice) else { return [dice.one(of: good)] }
        return dice.one(of: [
            ["Content-Length: +\(size)"], ["Content-Length: -\(size)"], ["Content-Length: 0x\(size)"], ["Content-Length: \(size) \(size)"],
            ["Content-Length: \(size),\(size)"], ["Content-Length: \(size), \(size)"], ["Content-Length:"], ["Content-Length: \(size)\t"],
            ["Content-Length: \(size) \t "], ["Content-Length: \(size)e0"], ["Content-Length: \(size).0"], ["Content-Length: \u{b}\(size)"],
            ["Content-Length: '\(size)'"], ["Content-Length: \"\(size)\""], ["Content-Length: 1844674407370955161\(6 + size % 4)"],
            ["Content-Length: 9223372036854775807"], ["Content-Length: 9223372036854775808"], ["Content-Length: 99999999999999999999"],
            ["Content-Length: \(size)", "Content-Length: \(size)"], ["Content-Length: \(size)", "Content-Length: \(size + 1)"],
            ["Content-Length: 0", "Content-Length: \(size)"], ["Content_Length: \(size)"], ["Content-Length : \(size)"],
            [" Content-Length: \(size)"], ["X: y\r\n Content-Length: \(size)"], ["Content-Length: \(size)\r\n\t"],
            ["Content-Length: \(size);x"], ["Content-Length: \(size)\r"], ["Content-Length: \(size)\u{0}"],
            ["Content-Length: \n \(size)"], ["Content-Length:\r\n \(size)"], ["Content-Length\u{0}: \(size)"],
            ["Content-Length: \u{661}"], ["Content-Length: \(size + 1)"], ["Content-Length: \(max(0, size - 1))"],
            ["Content-Length \(size)"],
        ])
    }

    private static func codings(_ dice: inout Seeded, _ malice: Malice) -> [String] {
        let good = [
            "Transfer-Encoding: chunked", "transfer-encoding:chunked", "TRANSFER-ENCODING: \t Chunked ", "Transfer-Encoding: CHUNKED",
        ]
        guard malice.strikes(&dice) else { return [dice.one(of: good)] }
        return dice.one(of: [
            ["Transfer-Encoding: gzip, chunked"], ["Transfer-Encoding: chunked, identity"], ["Transfer-Encoding: chunked, chunked"],
            ["Transfer-Encoding: xchunked"], ["Transfer-Encoding: chunkedx"], ["Transfer-Encoding: \u{b}chunked"],
            ["Transfer-Encoding: chunked\u{c}"], ["Transfer-Encoding: chunked;q=1"], ["Transfer-Encoding: \"chunked\""],
            ["Transfer-Encoding: chunked\t"], ["Transfer-Encoding: ,chunked"], ["Transfer-Encoding: chunked,"], ["Transfer-Encoding:"],
            ["Transfer-Encoding : chunked"], ["Transfer-Encoding\t: chunked"], ["Transfer-Encoding: identity"], ["Transfer-Encoding: gzip"],
            ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
            ["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"], ["Transfer-Encoding: chu nked"], ["Transfer_Encoding: chunked"],
            ["Transfer-Encoding:\r\n chunked"], ["X: y\r\n Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked\u{0}"],
            ["Transfer-Encoding: \u{0}chunked"], ["\u{1}Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked\r"],
            ["X: y\rTransfer-Encoding: chunked"], ["X: y\nTransfer-Encoding: chunked"], ["Transfer-Encoding: chunke\u{212a}"],
        ])
    }

    private static func chunks(of text: String, _ dice: inout Seeded, _ malice: Malice) -> String {
        var body = ""
        var rest = Array(text.unicodeScalars)[...]
        while !rest.isEmpty {
            let piece = String(String.UnicodeScalarView(rest.prefix(1 + dice.below(rest.count))))
            rest = rest.dropFirst(piece.unicodeScalars.count)
            body += size(piece.utf8.count, &dice, malice) + `extension`(&dice, malice) + lineEnd(&dice, malice)
            body += piece + lineEnd(&dice, malice)
        }
        let last =
            malice.strikes(&dice) ? dice.one(of: ["", "-0", "0x0", "00x", "0 ", " 0", "0\t", "\n0", "G"]) : dice.one(of: ["0", "000"])
        return body + last + `extension`(&dice, malice) + lineEnd(&dice, malice) + trailer(&dice, malice) + lineEnd(&dice, malice)
    }

    private static func size(_ number: Int, _ dice: inout Seeded, _ malice: Malice) -> String {
        let hex = String(number, radix: 16)
        guard malice.strikes(&dice) else { return dice.one(of: [hex, hex, hex.uppercased(), "0\(hex)"]) }
        return dice.one(of: [
            "0x\(hex)", "-\(hex)", "+\(hex)", " \(hex)", "\(hex) ", "\(hex)\t", "\(hex)g", "", "0000000000000000000\(hex)",
            "ffffffffffffffff", "fffffffffffffffe", "10000000000000000\(hex)", "1000000000000000\(hex)", "\u{b}\(hex)", "\(hex)\u{0}",
            String(number + 1, radix: 16), String(max(0, number - 1), radix: 16), "\(hex)_0", "\(hex),\(hex)", "\(hex)\r",
        ])
    }

    private static func `extension`(_ dice: inout Seeded, _ malice: Malice) -> String {
        guard dice.once(in: 4) else { return "" }
        guard malice.strikes(&dice) else { return dice.one(of: [";a", ";a=b", ";name=value;x"]) }
        return dice.one(of: [
            ";", ";a=", ";=b", ";a=\"x\"", ";a=\"x;\\\"y\"", ";a=\"", ";a=\"x\r\n", ";a b", ";a\u{0}", ";a;;b", " ;a", "; a", ";a =b",
            ";a= b", ";a\r", ";a\n", ";\u{e9}", ";a=b=c", "a", ";a\t", ";" + String(repeating: "a", count: 300),
        ])
    }

    private static func lineEnd(_ dice: inout Seeded, _ malice: Malice) -> String {
        malice.strikes(&dice) ? dice.one(of: ["\n", "\r", "", "\r\r\n", "\n\r", "\r\n\r\n", " \r\n", "\u{b}\r\n"]) : "\r\n"
    }

    private static func trailer(_ dice: inout Seeded, _ malice: Malice) -> String {
        guard dice.once(in: 4) else { return "" }
        guard malice.strikes(&dice) else { return dice.one(of: ["Trailer: t\r\n", "A:b\r\nC: \r\n"]) }
        return dice.one(of: [
            "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "A: b\r\n c\r\n", "A : b\r\n", "A: b\n", ": b\r\n", "A\r\n",
            "A: \u{0}\r\n", "A: b\rC: d\r\n", " A: b\r\n", "Host: b\r\n", "GET / HTTP/1.1\r\n", "Connection: close\r\n",
            "Content-Length: 3\r\nContent-Length: 4\r\n", "content-length: x\r\n", "A: " + String(repeating: "b", count: 400) + "\r\n",
            "Upgrade: x\r\nConnection: upgrade\r\n",
        ])
    }
}

/// How much of what is made is made wrong.
struct Malice {
    /// One place in so many; nil: none.
    let rate: Int?

    init(_ dice: inout Seeded) { rate = dice.one(of: [nil, nil, 30, 12, 5]) }

    func strikes(_ dice: inout Seeded) -> Bool { rate.map { dice.once(in: $0) } ?? false }
}
