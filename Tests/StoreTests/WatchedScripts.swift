import Store

extension StoreScripts {
    /// The scripts with a guard in front: a key not in KEYS, a wrong count of keys, a command after a PUBLISH, or one on a key that the script has
    /// removed fails them. The last, for a server whose slot is moving makes no key anew: it would fail there, half done.
    static let watched = StoreScripts(editing: watch)

    /// The text with the guard behind its first line.
    static func watch(_ text: [UInt8]) -> [UInt8] {
        let head = text.prefix { $0 != UInt8(ascii: "\n") } + [UInt8(ascii: "\n")]
        return head + Array((guardText + countText(text)).utf8) + text.dropFirst(head.count)
    }

    private static let guardText = """
        local watched, declared, published, gone = redis, {}, false, {}
        for _, key in ipairs(KEYS) do declared[key] = true end
        local function exists(key) return watched.call('EXISTS', key) == 1 end
        local redis = {call = function(command, ...)
          local name = command:upper()
          if published and name ~= 'PUBLISH' then error({err = 'LATE ' .. name}) end
          if name == 'PUBLISH' then published = true end
          if name ~= 'PUBLISH' and name ~= 'TIME' then
            for i = 1, name == 'DEL' and select('#', ...) or 1 do
              local key = select(i, ...)
              if not declared[key] then error({err = 'UNDECLARED ' .. name .. ' ' .. tostring(key)}) end
              if gone[key] then error({err = 'GONE ' .. name .. ' ' .. tostring(key)}) end
            end
            local keys, existed = {...}, {}
            for i = 1, name == 'DEL' and #keys or 1 do existed[keys[i]] = exists(keys[i]) end
            local reply = watched.call(command, ...)
            for key, was in pairs(existed) do if was and not exists(key) then gone[key] = true end end
            return reply
          end
          return watched.call(command, ...)
        end}

        """

    /// Lua that fails unless as many keys are given as the header's KEYS line declares.
    private static func countText(_ text: [UInt8]) -> String {
        guard let keys = ScriptHeader(text)?.keys else { return "error({err = 'HEADER'})\n" }
        return "if #KEYS \(keys.isOpen ? "<" : "~=") \(keys.count) then error({err = 'KEYCOUNT ' .. #KEYS}) end\n"
    }
}

/// What a script says of itself above its first line of code.
struct ScriptHeader {
    let purpose: String
    /// How many keys it declares, and whether more may follow.
    let keys: (count: Int, isOpen: Bool)
    let arguments: String
    let reply: String

    init?(_ text: [UInt8]) {
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first?.hasPrefix("#!lua") == true, let keysLine = Self.value("KEYS", lines), let reply = Self.value("Reply", lines),
            let arguments = Self.value("ARGV", lines), let purpose = lines.dropFirst().first(where: { $0.hasPrefix("-- ") })
        else { return nil }
        let fixed = keysLine.prefix { $0 != ";" }.split(separator: ",")
        keys = (fixed.filter { !$0.hasSuffix("...") }.count, keysLine.contains("...") || keysLine.contains(";"))
        self.purpose = String(purpose.dropFirst(3))
        self.arguments = arguments
        self.reply = reply
    }

    private static func value(_ name: String, _ lines: [Substring]) -> String? {
        lines.first { $0.hasPrefix("-- \(name): ") }.map { String($0.dropFirst(name.count + 5)) }
    }
}
