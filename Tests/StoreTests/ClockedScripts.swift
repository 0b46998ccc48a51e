import Fixtures
import Governance
import Redis
import Store

extension StoreScripts {
    /// The scripts on a clock that a test moves.
    static let clocked = StoreScripts(editing: clock)
    /// Those, with the guard in front.
    static let clockedWatched = StoreScripts { clock(watch($0)) }

    /// The text with a clock behind its first line that reads the tenant's key `clock:{tenant}`, unix milliseconds. What is set with a
    /// life stays, for the server's own clock would end it too soon.
    static func clock(_ text: [UInt8]) -> [UInt8] {
        let head = text.prefix { $0 != UInt8(ascii: "\n") } + [UInt8(ascii: "\n")]
        return head + Array(clockText.utf8) + text.dropFirst(head.count)
    }

    private static let clockText = """
        local server = redis
        local redis = {call = function(command, ...)
          local key, value = ...
          if command == 'SET' then return server.call(command, key, value) end
          if command ~= 'TIME' then return server.call(command, ...) end
          local time = tonumber(server.call('GET', 'clock:' .. KEYS[1]:match('{.-}')))
          return {string.format('%d', math.floor(time / 1000)), string.format('%d', time % 1000 * 1000)}
        end}

        """
}

/// The clock of one tenant in Redis, which stands until it is moved.
struct RedisClock: Sendable {
    let clock = ManualClock()
    private let client: RedisClient
    private let key: String

    init(_ client: RedisClient, of tenant: TenantName) async throws {
        self.client = client
        key = "clock:{\(tenant.text)}"
        try await set()
    }

    func advance(by milliseconds: Int64) async throws {
        clock.advance(by: milliseconds)
        try await set()
    }

    private func set() async throws { _ = try await client.send(["SET", .text(key), .integer(clock.now)]) }
}
