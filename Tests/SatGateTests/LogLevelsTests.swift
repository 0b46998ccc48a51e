import Logging
import Synchronization
import Testing

@testable import satgate

@Suite("Log levels") struct LogLevelsTests {
    @Test("A label's own turn goes before that of all, and the turn of all before what parts had") func order() {
        let levels = LogLevels(.info) { _ in }
        let (all, redis) = (levels.logger(), levels.logger("redis"))
        levels.turn("satgate.redis", to: .trace, for: nil)
        #expect((all.logLevel, redis.logLevel) == (.info, .trace))
        levels.turn("satgate", to: .error, for: nil)
        #expect((all.logLevel, redis.logLevel) == (.error, .error))
        levels.turn("satgate.redis", to: .debug, for: 60)
        #expect((all.logLevel, redis.logLevel) == (.error, .debug))
        #expect(levels.logger("later").logLevel == .error)
        #expect(levels.standings.map(\.logger) == ["satgate", "satgate.later", "satgate.redis"])
        #expect(levels.standings.map { $0.seconds == nil } == [true, true, false])
    }

    @Test("No text forges a line or a field") func escaping() {
        let lines = Mutex<[String]>([])
        let logger = LogLevels(.info) { line in lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }.logger()
        logger.info("a\n\"b\\\u{2028}\u{85}ü", metadata: ["level": "critical", "x\"": "\u{0}\u{7f}"])
        let line = lines.withLock { $0.first } ?? ""
        #expect(line.hasSuffix("}\n") && line.dropLast().allSatisfy { !$0.isNewline })
        #expect(line.contains(#""message":"a\u000a\"b\\\u2028\u0085ü""#))
        #expect(line.contains(#""level":"info""#) && line.contains(#""level_":"critical""#) && line.contains(#""x\"":"\u0000\u007f""#))
    }
}
