import Governance
import Redis

/// A tally in pieces that one run of the script takes each.
struct TallyRuns {
    /// One run: what of the tally it adds, and how Redis is told.
    struct Run {
        let keys: [String]
        let arguments: [RedisArgument]
        let tally: ActivityTally
    }

    /// Milliseconds that a minute is kept.
    static let life: Int64 = 2 * 3_600_000
    /// Fields of one minute, of all nodes.
    static let mostFields: Int64 = 400
    /// Tokens that are kept of one tenant.
    static let mostTokens: Int64 = 10_000
    /// The end of the year 9999, unix milliseconds: what expires later is said to expire then.
    private static let latest: Int64 = 253_402_300_799_999
    /// Of either kind in one run: with the minute and the list of tokens no more than 64 keys.
    private static let most = 31

    let node: NodeID
    /// Since 1970.
    let minute: Int64

    /// Runs that add the tally to the tenant.
    func runs(of tally: ActivityTally, _ keys: TenantKeys) -> [Run] {
        tally.pieces(of: Self.most).map { piece in
            let sessions = piece.sessions.map { ($0.key, $0.value) }
            let tokens = piece.tokens.map { ($0.key, $0.value) }
            let names = sessions.map { keys.session($0.0) } + tokens.map { keys.token($0.0) } + (tokens.isEmpty ? [] : [keys.tokens])
            var arguments = head(sessions.count, of: piece)
            for (_, spending) in sessions { arguments += [.integer(spending.calls), .integer(spending.credits.micros)] }
            for (token, entry) in tokens {
                arguments += [
                    .text(token.text), .integer(min(entry.grant.expires, Self.latest)), .integer(entry.spending.calls),
                    .integer(entry.spending.credits.micros), .text(entry.grant.label ?? ""), .text(entry.grant.budget?.text ?? ""),
                    .text(entry.grant.lineage.dropLast().map(\.text).joined(separator: " ")),
                ]
            }
            return Run(keys: [keys.minute(minute)] + names, arguments: arguments, tally: piece)
        }
    }

    /// The run that adds what is told of no tenant.
    func run(ofAll tally: ActivityTally, _ names: KeyNames) -> Run {
        let sum = tally.sum
        return Run(keys: [names.minute(minute)], arguments: head(0, of: sum), tally: sum)
    }

    private func head(_ sessions: Int, of tally: ActivityTally) -> [RedisArgument] {
        let fields = ActivityFields.increments(of: tally)
        return [
            .integer(Self.life), .integer(Self.mostFields), .integer(Self.mostTokens), .text(node.text), .integer(Int64(sessions)),
            .integer(Int64(fields.count)),
        ] + fields.flatMap { [.text($0.0), .integer($0.1)] }
    }
}

/// The fields of a minute.
enum ActivityFields {
    static let calls = "calls"
    static let errors = "errors"
    static let refused = "refused"
    static let unenforced = "unenforced"
    static let credits = "credits"
    /// Followed by the number of the bucket.
    static let latency = "latency:"
    /// Followed by the account.
    static let spent = "spent:"

    /// What rises by how much; what does not is left out.
    static func increments(of tally: ActivityTally) -> [(String, Int64)] {
        let plain = [
            (calls, tally.calls), (errors, tally.errors), (refused, tally.refused), (unenforced, tally.unenforced),
            (credits, tally.credits.micros),
        ]
        let latencies = tally.latencies.counts.map { (latency + String($0.key), $0.value) }
        return plain.filter { $0.1 > 0 } + latencies + tally.accounts.map { (spent + $0.key.text, $0.value.micros) }
    }
}
