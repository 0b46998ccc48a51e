import Testing

/// A mistake in a script with the test that finds it.
struct CheckedMistake<Subject: Sendable>: Sendable, CustomTestStringConvertible {
    let mistake: Mistake
    let check: @Sendable (Subject) async throws -> Void
    var testDescription: String { mistake.testDescription }

    init(_ description: String, _ right: String, _ wrong: String, _ check: @escaping @Sendable (Subject) async throws -> Void) {
        mistake = Mistake(description, right, wrong)
        self.check = check
    }
}

private let directory = CatalogueConformanceTests()
private let approval = CatalogueApprovalTests()
private let keeper = DialogueConformanceTests()

extension CheckedMistake<LedgerUnderTest> {
    /// What only the server's own clock shows.
    static let ofTime: [Self] = [
        .init("old reports make no room", "call('PEXPIRE', reports, ARGV[6])", "call('PEXPIRE', reports, 1)", LedgerReportTests().room),
        .init(
            "forgotten reports count", "for _, old in ipairs(gone) do total =", "for _, old in ipairs({}) do total =",
            LedgerReportTests().room),
        .init(
            "an ended key is never forgotten", "call('HDEL', record, 'asked', 'report')\n  call('PEXPIRE', record, ARGV[6])", "",
            LedgerReportTests().forgotten),
    ]
}

extension CheckedMistake<CatalogueUnderTest> {
    static let inCatalogue: [Self] = [
        .init("care is taken from who has it", "if isHeld and f[1] ~= ARGV[1] then", "if false then", directory.lease),
        .init("care goes on under the old fence", "if not isHeld then fence =", "if fence == 0 then fence =", directory.gap),
        .init("a stale fence writes", "f[1] ~= ARGV[1] or not f[2] or now", "not f[2] or now", directory.lease),
        .init("care over is care still", "or now >= tonumber(f[2]) then return 0", "then return 0", directory.lease),
        .init(
            "anyone gives up the care", "if f[1] ~= ARGV[1] then return 0 end\nredis.call('HDEL'", "redis.call('HDEL'", directory.release),
        .init("every write is a new version", "if ARGV[4] == '1' then version", "if true then version", directory.versions),
        .init("a stamp stays", "'s:' .. ARGV[2], stamp, 'stamp'", "'s:' .. ARGV[2], '1', 'stamp'", directory.changes),
        .init("known records are sent", "known[upstream] ~= stamp and", "", directory.changes),
        .init("removed records keep their stamps", "field:match('^[rs]:(.*)')", "field:match('^r:(.*)')", directory.changes),
        .init("a removal is not told", "redis.call('PUBLISH', ARGV[2], ARGV[3] .. version)", "", directory.changes),
        .init("an approval leaves the fence", "'fence', fence, 'version', version", "'version', version", approval.fenced),
        .init("an approval overwrites another", "if f[1] ~= ARGV[2] then return 0 end", "", approval.concurrent),
    ]
}

extension CheckedMistake<DialogueUnderTest> {
    static let inDialogues: [Self] = [
        .init("an ended session keeps more", "if life == -2 then", "if life == -3 then", keeper.ended),
        .init("a repeat is another's", "if current == ARGV[3] then return {'kept'} end", "", keeper.repeated),
        .init("anything is replaced", "if current and current:sub(1, #ARGV[4]) ~= ARGV[4] then", "if false then", keeper.replacing),
        .init("one too many", ">= tonumber(ARGV[5])", "> tonumber(ARGV[5])", keeper.cap),
        .init(
            "a replacement counts twice", "if not current then redis.call('HINCRBY'", "if true then redis.call('HINCRBY'", keeper.repeated),
        .init("no list of them", "redis.call('ZADD', KEYS[3]", "redis.pcall('ZSCORE', KEYS[3]", keeper.orphans),
        .init("the living lose theirs", "if life ~= -2 and ARGV[2] ~= '1' then", "if false then", keeper.orphans),
        .init("a portion ends the rest", "s.isEmpty = 2 * #s.upstreams == #kept", "s.isEmpty = true", keeper.orphans),
        .init(
            "what is taken still counts", "tonumber(redis.call('HGET', KEYS[2], upstream) or 0)) - 1",
            "tonumber(redis.call('HGET', KEYS[2], upstream) or 0))", keeper.life),
        .init("portions have no end", "2 * room), 2 do", "#kept), 2 do", keeper.orphans),
    ]
}
