import CHiredis
import NIOCore

@testable import Redis

extension FuzzTarget {
    /// What a Redis sends. What the tape's reader takes, hiredis' own takes for the same values.
    static let replies = FuzzTarget(
        "replies",
        seeds: [
            "+OK\r\n", "-ERR no\r\n", ":-42\r\n", "$3\r\nabc\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n", "$0\r\n\r\n",
            "*4\r\n$3\r\nabc\r\n:-42\r\n*2\r\n$-1\r\n*0\r\n-ERR no\r\n+next\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
            "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\n\r\n\r\n", ":9223372036854775807\r\n:-9223372036854775808\r\n",
        ].map { .init(of: $0) },
        words: [
            "\r\n", "$", "*", ":", "+", "-", "$-1\r\n", "*-1\r\n", "*1\r\n", "$1\r\na\r\n", ":1\r\n", "%1\r\n", "_\r\n", "#t\r\n",
            ",1.5\r\n", "~1\r\n",
            "9223372036854775808", "2147483648", "4294967296", "1048577", "-", "0", "00",
        ]
    ) { bytes in RepliesCase.flaw(of: bytes) }
}

/// What must hold of replies.
enum RepliesCase {
    static func flaw(of bytes: [UInt8]) -> String? {
        let whole = ours([bytes[...]])
        if ours(FuzzTarget.pieces(of: bytes)) != whole { return "depends on where it is cut" }
        if theirs(bytes, count: whole.count) != whole { return "is something else to hiredis" }
        if whole.contains(where: { RedisReply($0).value != $0 }) { return "is something else when it is made of its value" }
        let narrow = ours([bytes[...]], .init(bytes: 64, line: 16, elements: 4, depth: 2))
        return whole.starts(with: narrow) ? nil : "is something else within narrow bounds"
    }

    /// What our reader takes, up to what it refuses.
    private static func ours(_ pieces: [ArraySlice<UInt8>], _ bounds: ReplyReader.Bounds = .init()) -> [RedisValue] {
        guard var reader = ReplyReader(bounds: bounds) else { return [] }
        var values: [RedisValue] = []
        do throws(RedisError) {
            for piece in pieces {
                try reader.feed(ByteBuffer(bytes: piece))
                while let reply = try reader.next() { values.append(reply.value) }
            }
        } catch {}
        return values
    }

    /// The first replies as hiredis reads them, which is asked for no more: it makes room for whatever count an array claims.
    private static func theirs(_ bytes: [UInt8], count: Int) -> [RedisValue] {
        guard count > 0, let reader = redisReaderCreate() else { return [] }
        defer { redisReaderFree(reader) }
        _ = bytes.withUnsafeBytes { redisReaderFeed(reader, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
        var values: [RedisValue] = []
        for _ in 0..<count {
            var object: UnsafeMutableRawPointer?
            guard redisReaderGetReply(reader, &object) == REDIS_OK, let object else { break }
            values.append(value(object.assumingMemoryBound(to: redisReply.self)))
            freeReplyObject(object)
        }
        return values
    }

    private static func value(_ reply: UnsafePointer<redisReply>) -> RedisValue {
        let text = UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.str == nil ? 0 : Int(reply.pointee.len))
        switch reply.pointee.type {
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: return .string(Array(text))
        case REDIS_REPLY_ERROR: return .error(String(decoding: text, as: UTF8.self))
        case REDIS_REPLY_INTEGER: return .integer(reply.pointee.integer)
        case REDIS_REPLY_ARRAY:
            return .array((0..<Int(reply.pointee.elements)).compactMap { reply.pointee.element[$0].map { value($0) } })
        default: return .null
        }
    }
}
