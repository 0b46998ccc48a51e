import Store
import Testing

@Suite("The scripts of slices", .timeLimit(.minutes(2)))
struct SliceMistakeTests {
    @Test("a mistake in them is found out", arguments: CheckedMistake.inSlices)
    func mistakes(_ checked: CheckedMistake<SliceWorld>) async throws {
        let scripts = try #require(checked.mistake.scripts())
        await withKnownIssue {
            try await SliceWorld.$scripts.withValue(scripts) { try await checked.check(.edited) }
        }
    }
}

private let slices = SliceTests()
private let leaving = SliceDetachTests()
private let batches = SliceBatchTests()

extension CheckedMistake<SliceWorld> {
    static let inSlices = ofTaking + ofSettling + ofLeaving

    private static let ofTaking: [Self] = [
        .init(
            "a slice is taken twice", "if known[1] then return known[1] == 'open'", "if false then return known[1] == 'open'", slices.taking
        ),
        .init("all that is free is taken", "math.floor(available(a) / int(ARGV[4], 'share'))", "available(a)", slices.nearTheLimit),
        .init("too little is taken", "amount < math.max(1, int(ARGV[3], 'least'))", "amount < 1", slices.nearTheLimit),
        .init(
            "one of the accounts gives nothing", "for _, a in ipairs(list) do book(a, amount, 0) end", "book(list[1], amount, 0)",
            slices.taking),
        .init("an account that has lost writes gives", "if mark or a and a.mark then return {'rolled_back', 0} end", "", slices.refusals),
    ]

    private static let ofSettling: [Self] = [
        .init("a repeat is charged again", "known[5 + i] or seen[id]", "seen[id]", slices.settling),
        .init("one that comes twice in a batch is charged twice", "known[5 + i] or seen[id]", "known[5 + i]", slices.settling),
        .init("what a call did not cost stays held", "book(list[i], -held, charged)", "book(list[i], -charged, charged)", slices.settling),
        .init("what is left of a slice is not noted", "s.open and str(s.amount) or s.known[2]", "s.known[2]", slices.givingBack),
        .init(
            "an ended slice stays on the list", "if s.changed and s.amount == 0 then call('ZREM'", "if false then call('ZREM'",
            slices.givingBack),
        .init("an ended slice goes on", "ended and 'settled' or s.state", "s.state", slices.givingBack),
        .init("a late call passes the limit", "if late then charged = math.min(charged, held + available(a)) end", "", slices.lapsing),
        .init("no call is late", "local late, charged = held < reserved, cost", "local late, charged = false, cost", slices.overdrawing),
        .init("a call of no slice is charged", "if not told and isKnown then", "if not told then", slices.unknown),
        .init("a window does not end", "if a.first ~= '0' and roll(", "if false and roll(", slices.windows),
        .init(
            "calls alike took as long as the first", "told = charge(s, alike, id, ARGV[at])",
            "told = charge(s, alike, id, ARGV[at - i + from])", batches.company),
        .init("nobody called", "who = ARGV[at + 3]", "who = ARGV[#ARGV - 1]", batches.company),
        .init("an account that is another's by now is charged", "if a and (a.epoch == epoch or", "if a and (true or", slices.anew),
    ]

    private static let ofLeaving: [Self] = [
        .init("a call leaves again and again", "if state then return state end\nlocal s", "local s", leaving.leaving),
        .init("what has ended leaves", "if s[6] then return s[6]:match('^%S+') end", "", leaving.last),
        .init("a call leaves its price", "'amount', string.format('%.0f', left)", "'amount', s[2]", leaving.leaving),
        .init("who has left may be ended there", "call('HSET', KEYS[1], ARGV[2], 'released 0 -1')", "", leaving.leaving),
        .init("nobody lists who has left", "call('ZADD', KEYS[2], string.format", "tostring(string.format", leaving.leaving),
        .init("the last leaves an empty slice", "left == 0 and 'settled' or 'open'", "'open'", leaving.last),
        .init("a call leaves a lapsed slice whole", "state = left < 0 and 'lapsed' or 'open'", "state = 'open'", leaving.late),
    ]
}
