import HTTPWire
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

/// llhttp, by way of NIO, is the other opinion: what ours takes, it takes for the same.
@Suite("Compared with llhttp")
struct OracleTests {
    @Test("no mutation of a request is taken for something else than llhttp takes it for")
    func requestMutations() {
        var random = Seeded(state: 1)
        var compared = 0
        for _ in 0..<6_000 {
            let bytes = Self.mutated(Corpus.goodRequests + Corpus.badRequests.values.sorted(), &random)
            let ours = requests([bytes])
            // llhttp knows a list of methods, which ours leaves to the one who serves, and takes no tab behind a length, which RFC 9112 allows.
            guard !ours.messages.contains(where: { $0.start.hasPrefix("other") }), !bytes.contains("\t\r\n".utf8) else { continue }
            compared += ours.messages.count
            #expect(Self.agrees(ours, Self.oracleRequests(bytes)), "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
        }
        #expect(compared > 500)
    }

    @Test("no mutation of a response is taken for something else than llhttp takes it for")
    func responseMutations() {
        var random = Seeded(state: 2)
        var compared = 0
        for _ in 0..<6_000 {
            let bytes = Self.mutated(Corpus.goodResponses + Corpus.badResponses.values.sorted(), &random)
            let ours = responses([bytes])
            compared += ours.messages.count
            #expect(Self.agrees(ours, Self.oracleResponses(bytes)), "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
        }
        #expect(compared > 500)
    }

    /// Every message that ours has taken is the oracle's message in the same place.
    private static func agrees(_ ours: Reading, _ theirs: [Reading.Message]) -> Bool {
        for (index, message) in ours.messages.enumerated() {
            guard index < theirs.count else { return false }
            var other = theirs[index]
            // To close is never wrong.
            if !message.keepsAlive { other.keepsAlive = false }
            // Of a message that did not come whole, or failed later, only what both have is told.
            if !message.isWhole {
                other.isWhole = false
                let common = min(message.body.count, other.body.count)
                guard message.body[..<common] == other.body[..<common] else { return false }
                other.body = message.body
            }
            guard message == other else { return false }
        }
        return true
    }

    /// llhttp leaves the blanks behind a value to others.
    private static func line(_ field: (name: String, value: String)) -> String {
        var value = field.value
        while let last = value.utf8.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { value.removeLast() }
        return "\(field.name): \(value)"
    }

    private static func mutated(_ seeds: [String], _ random: inout Seeded) -> [UInt8] {
        var bytes = Array(seeds[Int.random(in: 0..<seeds.count, using: &random)].utf8)
        let splices = [
            "\r\n", "\n", "\r", " ", "\t", "\0", ":", ";", ",", "0", "chunked", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n",
            "\u{b}", "+",
        ]
        for _ in 0..<Int.random(in: 1...3, using: &random) where bytes.count > 2 {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            case 2, 3: bytes.insert(contentsOf: Array(splices[Int.random(in: 0..<splices.count, using: &random)].utf8), at: place)
            default:
                let end = Int.random(in: place..<bytes.count, using: &random)
                bytes.insert(contentsOf: Array(bytes[place...end]), at: Int.random(in: 0..<bytes.count, using: &random))
            }
        }
        return bytes
    }

    private static func oracleRequests(_ bytes: [UInt8]) -> [Reading.Message] {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPRequestDecoder()))
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        var messages: [Reading.Message] = []
        while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head(let head):
                let start = "\(head.method) \(head.uri) \(head.version.major).\(head.version.minor)"
                messages.append(.init(start: start, fields: head.headers.map { line($0) }, keepsAlive: head.isKeepAlive))
            case .body(let piece): messages[messages.count - 1].body += Array(piece.readableBytesView)
            case .end: messages[messages.count - 1].isWhole = true
            }
        }
        return messages
    }

    private static func oracleResponses(_ bytes: [UInt8]) -> [Reading.Message] {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPResponseDecoder()))
        for _ in 0..<4 {
            let head = NIOHTTP1.HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")
            _ = try? channel.writeOutbound(HTTPClientRequestPart.head(head))
        }
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        _ = try? channel.finish(acceptAlreadyClosed: true)
        var messages: [Reading.Message] = []
        while let part = try? channel.readInbound(as: HTTPClientResponsePart.self) {
            switch part {
            case .head(let head):
                messages.append(
                    .init(start: "\(head.status.code)", fields: head.headers.map { line($0) }, keepsAlive: head.isKeepAlive))
            case .body(let piece): messages[messages.count - 1].body += Array(piece.readableBytesView)
            case .end: messages[messages.count - 1].isWhole = true
            }
        }
        return messages
    }
}
