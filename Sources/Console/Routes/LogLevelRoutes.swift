import Events
import Governance
import HTTPTypes
import Hummingbird

/// How much the nodes write to their logs, which an operator can turn while they run.
package struct LogControl: Sendable {
    /// How the loggers of one label stand at this node.
    package struct Standing: Sendable, Encodable {
        let logger: String
        let level: String
        /// Until it falls back; nil: for good.
        let seconds: Int?

        package init(logger: String, level: String, seconds: Int?) {
            self.logger = logger
            self.level = level
            self.seconds = seconds
        }
    }

    /// What all nodes are told.
    package struct Turn: Sendable, Hashable {
        package let logger: String
        package let level: String
        package let seconds: Int?
        /// Who turns it.
        package let by: String
    }

    /// What can be turned.
    package static let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    let standings: @Sendable () -> [Standing]
    let turn: @Sendable (Turn) async -> Bool

    /// `turn` tells all nodes; false where they are out of reach.
    package init(standings: @escaping @Sendable () -> [Standing], turn: @escaping @Sendable (Turn) async -> Bool) {
        self.standings = standings
        self.turn = turn
    }
}

/// `GET` and `PUT /api/v1/log-level`.
struct LogLevelRoutes {
    private struct Answer: Encodable {
        let items: [LogControl.Standing]
    }

    private struct Body: AdminBody {
        enum CodingKeys: String, CodingKey, CaseIterable { case level, logger, seconds }

        let level: String
        let logger: String?
        let seconds: Int?
    }

    private static let longest = 86_400
    let control: LogControl
    let trail: any AuditTrail
    let node: NodeID

    func add(to router: RouterGroup<AdminContext>) {
        router.get("log-level") { _, _ in try AdminJSON.response(Answer(items: control.standings())) }
        router.put("log-level") { request, context in
            let body = try await AdminJSON.body(Body.self, of: request, context)
            guard LogControl.levels.contains(body.level) else {
                throw Problem.invalid("level: must be one of \(LogControl.levels.joined(separator: ", "))")
            }
            let logger = body.logger ?? "satgate"
            guard control.standings().contains(where: { $0.logger == logger }) else { throw Problem.invalid("logger: there is no such") }
            if let seconds = body.seconds, !(1...Self.longest).contains(seconds) {
                throw Problem.invalid("seconds: must be in 1…\(Self.longest)")
            }
            let turn = LogControl.Turn(logger: logger, level: body.level, seconds: body.seconds, by: context.operatorName)
            do throws(StoreError) { try await trail.record(event(of: turn)) } catch { throw Problem(error) }
            guard await control.turn(turn) else { throw Problem(.serviceUnavailable, "store_unavailable", "Redis is out of reach") }
            return Response(status: .noContent)
        }
    }

    private func event(of turn: LogControl.Turn) -> Event {
        Event(
            .logTurned, tenant: nil, node: node,
            data: [
                "logger": .text(turn.logger), "level": .text(turn.level), "seconds": .integer(Int64(turn.seconds ?? 0)),
                "by": .text(turn.by),
            ])
    }
}
