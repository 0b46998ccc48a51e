package import Governance
package import Redis

/// Reads back what nodes have counted.
package struct RedisActivityMonitor: ActivityMonitor {
    private let redis: RedisClient
    private let names: KeyNames

    package init(redis: RedisClient, names: KeyNames = .standard) {
        self.redis = redis
        self.names = names
    }

    package func minutes(_ count: Int, of tenant: TenantName?) async throws(StoreError) -> [ActivityMinute] {
        try await hashes(count, of: tenant).map { ActivityMinute(begin: $0.minute * 60_000, $0.fields) }
    }

    package func burnPerHour(of tenant: TenantName) async throws(StoreError) -> [AccountName: Credits] {
        let now = redis.now()
        var spent: [AccountName: Int64] = [:]
        for (_, fields) in try await hashes(10, of: tenant) {
            for (field, value) in fields where field.hasPrefix(ActivityFields.spent) {
                guard let account = AccountName(field.dropFirst(ActivityFields.spent.count)) else { continue }
                spent[account, default: 0] += value
            }
        }
        // Nine whole minutes and the part of the running one.
        let elapsed = Double(9 * 60_000 + now % 60_000)
        return spent.compactMapValues { Credits(micros: Int64(Double($0) * 3_600_000 / elapsed)) }.filter { $0.value != .zero }
    }

    package func tokens(of tenant: TenantName, after cursor: TokenCursor?, limit: Int) async throws(StoreError) -> [TokenActivity] {
        let keys = names.keys(of: tenant)
        let from = max(cursor?.expires ?? 0, redis.now())
        var found: [TokenActivity] = []
        var offset: Int64 = 0
        while found.count < limit {
            let page =
                try await redis.command([
                    "ZRANGE", .text(keys.tokens), .integer(from), "+inf", "BYSCORE", "LIMIT", .integer(offset), .integer(Int64(limit)),
                ]).elements ?? []
            for id in page.compactMap({ $0.text.flatMap { TokenID($0) } }) where found.count < limit {
                guard let token = try await token(id, keys), cursor.map({ token.isBehind($0) }) ?? true else { continue }
                found.append(token)
            }
            if page.count < limit { break }
            offset += Int64(page.count)
        }
        return found
    }

    private func token(_ id: TokenID, _ keys: TenantKeys) async throws(StoreError) -> TokenActivity? {
        let reply = try await redis.command([
            "HMGET", .text(keys.token(id)), "expires", "first", "last", "calls", "credits", "label", "budget", "ancestors",
        ])
        guard let fields = reply.elements, fields.count == 8 else { throw .corrupt("token") }
        guard let expires = fields[0].number, let first = fields[1].number else { return nil }
        return TokenActivity(
            token: id, label: fields[5].text.flatMap { $0.isEmpty ? nil : $0 }, budget: fields[6].text.flatMap { BudgetName($0) },
            ancestors: (fields[7].text ?? "").split(separator: " ").compactMap { TokenID($0) }, expires: expires, firstSeen: first,
            lastSeen: fields[2].number ?? first, calls: fields[3].number ?? 0,
            credits: fields[4].number.flatMap { Credits(micros: $0) } ?? .zero)
    }

    /// The numbers of the last minutes, oldest first. All are asked for before the first answers.
    private func hashes(_ count: Int, of tenant: TenantName?) async throws(StoreError) -> [(minute: Int64, fields: [String: Int64])] {
        let last = redis.now() / 60_000
        let keys = tenant.map { names.keys(of: $0) }
        let numbers = Array(last - Int64(count) + 1...last)
        let found = await withTaskGroup(of: (Int, Result<RedisValue, StoreError>).self) { group in
            for (index, number) in numbers.enumerated() {
                let name = keys?.minute(number) ?? names.minute(number)
                group.addTask { (index, await read(name)) }
            }
            return await group.reduce(into: [Int: Result<RedisValue, StoreError>]()) { $0[$1.0] = $1.1 }
        }
        var minutes: [(minute: Int64, fields: [String: Int64])] = []
        for (index, number) in numbers.enumerated() {
            guard let reply = try found[index]?.get() else { continue }
            minutes.append((number, Self.fields(reply)))
        }
        return minutes
    }

    private func read(_ key: String) async -> Result<RedisValue, StoreError> {
        do throws(StoreError) { return .success(try await redis.command(["HGETALL", .text(key)])) } catch { return .failure(error) }
    }

    private static func fields(_ reply: RedisValue) -> [String: Int64] {
        let list = reply.elements ?? []
        var fields: [String: Int64] = [:]
        for index in stride(from: 0, to: list.count - 1, by: 2) {
            guard let name = list[index].text, let value = list[index + 1].number else { continue }
            fields[name] = value
        }
        return fields
    }
}

extension ActivityMinute {
    fileprivate init(begin: Int64, _ fields: [String: Int64]) {
        var latencies: [Int: Int64] = [:]
        for (field, count) in fields where field.hasPrefix(ActivityFields.latency) {
            if let bucket = Int(field.dropFirst(ActivityFields.latency.count)) { latencies[bucket] = count }
        }
        self.init(
            begin: begin, calls: fields[ActivityFields.calls] ?? 0, errors: fields[ActivityFields.errors] ?? 0,
            refused: fields[ActivityFields.refused] ?? 0, unenforced: fields[ActivityFields.unenforced] ?? 0,
            credits: Credits(micros: fields[ActivityFields.credits] ?? 0) ?? .zero, latencies: LatencyHistogram(counts: latencies))
    }
}

extension TokenActivity {
    fileprivate func isBehind(_ cursor: TokenCursor) -> Bool { (expires, token.text) > (cursor.expires, cursor.token.text) }
}
