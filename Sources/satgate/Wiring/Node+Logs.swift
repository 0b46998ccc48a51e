import Console
import Logging
import Redis
import Store

extension LogLevels: ControlListener {
    func heard(_ message: ControlMessage) {
        guard case .logTurned(let label, let text, let seconds, let by) = message, let level = Logger.Level(rawValue: text), knows(label)
        else {
            return
        }
        turn(label, to: level, for: seconds)
        // At a level that is always written, for it may be what silences all others.
        logger().critical(
            "log level turned",
            metadata: ["by": "\(by)", "label": "\(label)", "to": "\(text)", "seconds": "\(seconds.map(String.init) ?? "-")"])
    }

    func reconnected() {}

    /// For the operators' port: what it asks for all nodes hear, this one among them.
    func control(_ redis: RedisClient, _ names: KeyNames) -> LogControl {
        LogControl(
            standings: { [self] in standings.map { .init(logger: $0.logger, level: $0.level.rawValue, seconds: $0.seconds) } },
            turn: { turn in
                let message = ControlMessage.logTurned(turn.logger, level: turn.level, seconds: turn.seconds, by: turn.by)
                return (try? await redis.send(["PUBLISH", .text(names.control), .text(message.text)])) != nil
            })
    }
}
