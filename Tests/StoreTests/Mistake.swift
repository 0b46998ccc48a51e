import Store
import Testing

/// A mistake in a script, to see that its tests find it.
struct Mistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let right, wrong: String

    init(_ description: String, _ right: String, _ wrong: String) {
        testDescription = description
        self.right = right
        self.wrong = wrong
    }

    /// The scripts with the mistake in them, each changed further by `edit`; nil where the text to change is not there.
    func scripts(_ edit: (_ text: [UInt8]) -> [UInt8] = { $0 }) -> StoreScripts? {
        var count = 0
        let scripts = StoreScripts { source in
            let text = String(decoding: source, as: UTF8.self)
            count += text.contains(right) ? 1 : 0
            return edit(Array(text.replacing(right, with: wrong).utf8))
        }
        return count > 0 ? scripts : nil
    }

    /// In the ledger's scripts.
    static let all = [
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
}
