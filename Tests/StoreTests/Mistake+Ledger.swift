/// Mistakes in the ledger's scripts.
extension Mistake {
    static let inLedger = ofHolds + ofRecords + ofRates + ofWindows + ofAccounts

    private static let ofHolds = [
        Mistake("a repeat holds again", "if state then return answer(", "if state and state ~= 'open' then return answer("),
        Mistake("a late settle overspends", "charged = math.min(charged, available(a))", "charged = charged"),
        Mistake("a lapse comes early", "if lease and tonumber(lease) >= time then return 'open' end", ""),
        Mistake("a release leaves no tombstone", "bury(KEYS[1], ARGV[5], 'state', 'released')", "call('DEL', KEYS[1])"),
        Mistake("a settle keeps the rest", "book(a, late and 0 or -amount, charged)", "book(a, late and 0 or -cost, charged)"),
        Mistake("a settle takes more than is held", "math.min(int(ARGV[2], 'cost'), amount)", "int(ARGV[2], 'cost')"),
        Mistake("a refused reserve makes its accounts", "    list[#list + 1] = a\n", "    list[#list + 1] = a save(a)\n"),
        Mistake("the last micro-credit cannot be held", "if available(a) < amount then", "if available(a) <= amount then"),
        Mistake("only the token itself is judged", "unpack(ARGV, lineage)", "ARGV[#ARGV]"),
        Mistake("a round is taken twice", "known > round or waiting[2] and waiting[2] ~= ARGV[4]", "known > round"),
        Mistake("an earlier round may be taken", "if known > round or", "if"),
        Mistake(
            "a call without its hold goes on", "if isHeld and redis.call('HGET', KEYS[1], 'state') ~= 'open' then return",
            "if false then return"),
        Mistake("a waiting call's lease is cut", "if state == 'open' and not hold[2] then", "if state == 'open' then"),
        Mistake("a lapsed hold stays on the list", "call('ZREM', KEYS[2], ARGV[1])", "call('ZSCORE', KEYS[2], ARGV[1])"),
    ]

    private static let ofRecords = [
        Mistake("a key may stand for anything", "if r[1] ~= print then", "if false then"),
        Mistake("an ended call runs again", "if r[5] == 'done' then", "if false then"),
        Mistake("a record outlives its lease", " or int(r[4], 'record') < time then return nil end", " then return nil end"),
        Mistake("nothing is taken over", "or r[2] == supplants", ""),
        Mistake("what the agent was told is forgotten", "if r[8] then return {'recalled', 'asking', r[8]} end", ""),
        Mistake("nobody waits", "call('HSET', record, 'waiters', waiters .. ' ' .. node)", ""),
        Mistake("a price of nothing has no record", "if count == 0 and not record then", "if count == 0 then"),
        Mistake(
            "who takes over has been told", "  call('HDEL', record, 'asked')\n  call('HSET', record, 'print'",
            "  call('HSET', record, 'print'"),
        Mistake("a superseded call is charged", "record and r[1] ~= id", "false"),
        Mistake(
            "a superseded call keeps its hold", "book(a, late and 0 or -amount, charged)",
            "book(a, (late or stale) and 0 or -amount, charged)"),
        Mistake("a settled call runs still", "call('HSET', record, 'state', 'done', 'charged'", "call('HSET', record, 'charged'"),
        Mistake("reports have no bound", "if total + #report > tonumber(ARGV[10]) then report = '' end", ""),
        Mistake("a release keeps its record", "if r[1] == ARGV[1] and r[3] == 'running' then", "if false then"),
        Mistake("a release frees another's record", "if r[1] == ARGV[1] and r[3] == 'running' then", "if r[3] == 'running' then"),
        Mistake("a record is not extended", "record[1] == ARGV[3 + i] and record[2] == 'running'", "false"),
        Mistake("another's record is extended", "record[1] == ARGV[3 + i] and record[2]", "record[2]"),
        Mistake(
            "a record does not wait for the agent",
            "redis.call('HSET', record, 'until', ends)\n    redis.call('PEXPIRE', record, string.format('%.0f', ARGV[3] + ARGV[5]))", ""),
        Mistake("who has answered is asked", "redis.call('HDEL', record, 'asked')\n    redis.call('PEXPIRE'", "redis.call('PEXPIRE'"),
        Mistake("anyone notes in a record", "record[1] ~= ARGV[1] or record[2]", "record[2]"),
        Mistake("what has ended is noted in", "record[1] ~= ARGV[1] or record[2] ~= 'running'", "record[1] ~= ARGV[1]"),
    ]

    private static let ofRates = [
        Mistake("a refused call counts", "rates[i] = {key, following}", "call('SET', key, str(following))"),
        Mistake("a rate has no memory", "math.max(int(call('GET', key) or '0', 'rate'), micros)", "micros"),
        Mistake(
            "idle time is saved up", "math.max(int(call('GET', key) or '0', 'rate'), micros)", "(tonumber(call('GET', key) or micros))"),
        Mistake("one more at once", "if early > 0 then", "if early > int(ARGV[at], 'interval') then"),
        Mistake("the wait is cut short", "math.ceil(early / 1000)", "math.floor(early / 1000)"),
    ]

    private static let ofWindows = [
        Mistake("a window has no end", "stop <= time or a.window > time", "stop <= time or a.window > 0"),
        Mistake("an old end begins a window", "if stop <= time or a.window > time", "if a.window > time"),
        Mistake("a new window forgets what is held", "a.window, a.turned = stop, true", "a.window, a.turned, a.held = stop, true, 0"),
        Mistake("what children spent stays given away", "= 0, a.delegated - a.drained, 0", "= 0, a.delegated, 0"),
        Mistake("what was spent stays", "a.version = 0, a.delegated", "a.version = a.spent, a.delegated"),
        Mistake("a reserve sees the last window", "if roll(a, ARGV[at + 3]", "if false and roll(a, ARGV[at + 3]"),
        Mistake("a settle pays in the last window", "if not stale and roll(", "if false and roll("),
        Mistake(
            "a refused reserve begins a window", "if reason and ARGV[at + 2] == '' then",
            "if reason and ARGV[at + 2] == '' then if a then save(a) end"),
    ]

    private static let ofAccounts = [
        Mistake("a lenient account refuses", "if reason and ARGV[at + 2] == '' then", "if reason then"),
        Mistake("every account is lenient", "if reason and ARGV[at + 2] == '' then", "if false then"),
        Mistake("a passed limit is not told", "if reason and not excess then", "if false then"),
        Mistake("the last passed limit is told", "if reason and not excess then", "if reason then"),
        Mistake("what is over is not counted", "'over', str(over(a))", "'over', '0'"),
        Mistake("lost writes are overlooked", "if a.mark or seen", "if seen"),
        Mistake("a new account is given back what the old one held", "told.epoch == epoch or", "true or"),
        Mistake("a resumed account is a new one", " or told.previous:find(epoch, 1, true)", ""),
    ]
}
