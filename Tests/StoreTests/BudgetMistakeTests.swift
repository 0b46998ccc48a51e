import Fixtures
import Store
import Testing

@Suite("The scripts of what operators do", .timeLimit(.minutes(1)))
struct BudgetMistakeTests {
    @Test("a mistake in them is found out", arguments: CheckedMistake.inBudgets)
    func mistakes(_ checked: CheckedMistake<Void>) async throws {
        let scripts = try #require(checked.mistake.scripts())
        await withKnownIssue {
            try await BudgetWorld.$scripts.withValue(scripts) { try await checked.check(()) }
        }
    }
}

private let admin = BudgetAdminTests()
private let limits = TenantLimitTests()
private let audit = LedgerAuditTests()

extension CheckedMistake<Void> {
    static let inBudgets: [Self] = [
        .init("a repeat is made again", "if known[1] then return known[1] == ARGV[5]", "if false then return known[1] == ARGV[5]") { _ in
            try await admin.repeats()
        },
        .init("a name serves two changes", "known[1] == ARGV[5] and known[2] or 'conflict'", "known[2]") { _ in try await admin.repeats() },
        .init("closed books get accounts", "if not a and not events.epoch then return 'books_closed' end", "") { _ in
            try await admin.makes()
        },
        .init("a top-up makes an account", "if not a and ARGV[2] == '' then return 'no_account' end", "") { _ in try await admin.refuses()
        },
        .init("a limit has no end", "if limit >= 2 ^ 53 then return 'out_of_range' end", "") { _ in try await admin.refuses() },
        .init("what was exhausted stays so", "a.exhausted = a.held == 0 and available(a) == 0 and '1' or '0'", "a.exhausted = was") { _ in
            try await admin.toppedUp()
        },
        .init("no change is told as one", "elseif limit ~= a.limit then", "else") { _ in try await admin.same() },
        .init("an account goes on in its epoch", "a.epoch, a.version = ARGV[2], a.version + 1", "a.version = a.version + 1") { _ in
            try await admin.resumes()
        },
        .init("the mark stays", "call('HDEL', a.key, 'mark')", "") { _ in try await admin.resumes() },
        .init("the epoch before is forgotten", "previous .. ' ' .. old", "previous") { _ in try await admin.resumes() },
        .init("a document undoes what was set", "before[name] ~= limit and account(", "account(") { _ in try await limits.kept() },
        .init("stated limits are not kept", "'limits', table.concat(stated, ' ')", "'limits', ''") { _ in try await limits.kept() },
        .init("a document's limit is told of only", "call('HSET', a.key, 'limit', str(a.limit))", "") { _ in try await limits.changes() },
        .init(
            "a new window does not say what it left", "a.reset = '\"spent\":' .. credits(a.spent)",
            "a.reset = '\"spent\":' .. credits(a.spent + 1)"
        ) {
            _ in try await audit.windows()
        },
        .init("no hold is seen", "redis.call('ZRANGE', KEYS[1], 0, -1), slices}", "{}, slices}") { _ in try await audit.windows() },
    ]
}
