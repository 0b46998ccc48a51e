import Foundation

/// One thread's calls, over a connection of its own to each node.
final class Caller {
    private let plan: Plan
    private let number: Int
    private let era: Plan.Era
    private var connections: [UInt16: Connection] = [:]
    private var session: String?
    private var requests = 0

    init(_ plan: Plan, number: Int) {
        self.plan = plan
        self.number = number
        era = plan.eras[number % plan.eras.count]
    }

    /// Opens the session, if it needs one, before the deadline.
    func open(before deadline: Double) {
        var turn = number
        while era == .session, session == nil, Clock.now < deadline {
            turn += 1
            session = try? post(Request.hello(number), to: plan.ports[turn % plan.ports.count]).session
            if session == nil { rest(0.05) }
        }
    }

    /// Makes the call, at one node after the other, until it has a definitive answer.
    func make(_ call: Int) -> Sample {
        let began = Clock.now
        var attempts = 0
        var troubles: [String] = []
        var outcome = ("undecided", UInt64(0))
        var place = plan.home ?? (call + number)
        attempting: while Clock.now < began + plan.deadline {
            open(before: began + plan.deadline)
            attempts += 1
            switch attempt(call, at: plan.ports[place % plan.ports.count]) {
            case .done(let what, let hash):
                outcome = (what, hash)
                break attempting
            case .again("in_progress") where plan.together:
                outcome = ("in_progress", 0)
                break attempting
            case .again(let trouble): troubles.append(trouble)
            case .sessionGone:
                troubles.append("session gone")
                session = nil
            }
            guard plan.retries else {
                outcome = ("lost: \(troubles.last ?? "")", 0)
                break
            }
            place += 1
            rest(min(0.5, 0.02 * Double(attempts)) * Double.random(in: 0.5...1.5))
        }
        return Sample(
            call: call, outcome: outcome.0, hash: outcome.1, attempts: attempts, began: began, ended: Clock.now,
            troubles: Set(troubles).sorted())
    }

    func rest(_ seconds: Double) {
        if seconds > 0 { Thread.sleep(forTimeInterval: seconds) }
    }

    private func attempt(_ call: Int, at port: UInt16) -> Verdict {
        requests += 1
        let name = plan.name(of: call)
        let kind = plan.kinds[call % plan.kinds.count]
        let id = "\(name).\(number).\(requests)"
        do throws(Connection.Lost) {
            let answer = try post(Request.call(name, of: kind, id: id, keyed: plan.keyed, era: era), to: port)
            return Verdict(answer, id: id, text: kind.echoes == true ? name : nil)
        } catch {
            return .again(error.reason)
        }
    }

    private func post(_ request: Request, to port: UInt16) throws(Connection.Lost) -> HTTPAnswer {
        do throws(Connection.Lost) {
            let connection: Connection
            if let open = connections[port] { connection = open } else { connection = try Connection(port: port, patience: plan.patience) }
            connections[port] = connection
            return try connection.exchange(request.bytes(port: port, token: plan.token, session: session))
        } catch {
            connections[port] = nil
            throw error
        }
    }
}
