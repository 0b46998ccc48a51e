import Governance

/// Tenants with everything a document can say, drawn at random.
struct RandomTenant {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(state: seed) }

    mutating func next() -> Tenant? {
        guard let name = TenantName("t\(random.next() % 1_000)") else { return nil }
        let budgets = (0..<number(3)).compactMap { _ in BudgetName(word()).map { ($0, terms()) } }
        let upstreams = (0..<number(4)).compactMap { upstream($0) }
        return Tenant(
            name: name, upstreams: upstreams, tariff: tariff(base: credits()), budgets: Dictionary(budgets) { first, _ in first },
            defaultBudget: maybe { BudgetName($0.word()) } ?? nil, cap: maybe { $0.terms() }, mode: pick(Tenant.Mode.allCases),
            rateLimits: rates(), durability: durability(), unbudgeted: chance() ? .allow : .refuse,
            naming: pick([.onCollision, .always, .never]))
    }

    private mutating func upstream(_ index: Int) -> UpstreamDocument? {
        guard let name = UpstreamName("u\(index)") else { return nil }
        let limits = maybe { random in
            var limits = UpstreamDocument.Limits()
            limits.calls = random.number(512) + 1
            limits.waiting = random.number(2_000)
            limits.sessions = random.number(2_000) + 1
            return limits
        }
        return UpstreamDocument(
            name: name, place: place(), transport: pick(UpstreamDocument.Transport.allCases),
            sessions: pick(UpstreamDocument.Sessions.allCases), headers: templates(), timeout: Int64(number(100_000)) + 1,
            tls: UpstreamDocument.TLS(authorities: maybe { $0.text() }, certificate: maybe { $0.text() }, key: maybe { $0.text() }),
            oauth: maybe { $0.oauth() }, limits: limits ?? UpstreamDocument.Limits(), pinsTools: chance(),
            tariff: maybe { $0.tariff(base: $0.maybe { $0.credits() }) }, reportsCost: chance(), trustsHints: chance())
    }

    private mutating func place() -> UpstreamDocument.Place {
        let words = (0...number(3)).map { _ in word() }
        let command = UpstreamDocument.Command(arguments: words, environment: templates(), directory: maybe { $0.text() })
        if chance(), let command { return .command(command) }
        return .url("https://\(word()).example/\(text())")
    }

    private mutating func oauth() -> UpstreamDocument.OAuth {
        UpstreamDocument.OAuth(
            tokenURL: text(), clientID: template(), clientSecret: template(), scope: maybe { $0.text() }, resource: maybe { $0.text() })
    }

    private mutating func terms() -> BudgetTerms {
        let window = maybe { random in
            Window(period: random.pick(Window.Period.allCases), zone: random.pick([.utc, ZoneName(random.word()) ?? .utc]))
        }
        return BudgetTerms(
            limit: credits(), window: window, mode: maybe { $0.pick(Tenant.Mode.allCases) }, lease: maybe { $0.pick([true, false]) })
    }

    private mutating func rates() -> RateTerms {
        let tools = (0..<number(3)).compactMap { _ in rate().map { (pick([word(), word() + "*", "*"]), $0) } }
        return RateTerms(
            tenant: maybe { $0.rate() } ?? nil, token: maybe { $0.rate() } ?? nil, tools: Dictionary(tools) { first, _ in first })
    }

    private mutating func rate() -> Rate? {
        Rate(
            count: Int64(number(Int(Rate.most))) + 1, per: pick(Rate.Span.allCases), burst: maybe { Int64($0.number(Int(Rate.most))) + 1 })
    }

    private mutating func durability() -> Durability {
        chance() ? .async : .durable(replicas: number(Durability.mostReplicas) + 1, timeout: pick([1, 500, 1_000, 30_000]))
    }

    private mutating func tariff(base: Credits?) -> Tariff {
        let patterns = [word(), word() + "*", "*", text() + "*", "prompts/get", "resources/read:" + text() + "*"]
        let prices = (0..<number(4)).map { _ in (pick(patterns), credits()) }
        return Tariff(base: base, prices: Dictionary(prices) { first, _ in first })
    }

    private mutating func templates() -> [String: Template] {
        Dictionary((0..<number(3)).map { _ in (text(), template()) }) { first, _ in first }
    }

    private mutating func template() -> Template {
        Template(pick(["Bearer ${env:\(word())}", "${file:/run/\(word())}${env:A}", "a$b", ""])) ?? Template(literal: word())
    }

    private mutating func credits() -> Credits {
        pick([
            Credits(whole: 1), .zero, Credits(micros: Credits.bound - 1), Credits(micros: Int64(random.next() >> 11)), Credits(micros: 1),
        ])
            ?? .zero
    }

    private mutating func word() -> String { "w" + String(random.next() >> 40, radix: 36) }
    private mutating func text() -> String {
        String((0..<number(6)).map { _ in pick(["a", "é", "\"", "\\", "\n", "{", "}", "\u{2028}", "😀", ":", " "]) }.joined())
    }
    private mutating func maybe<Value>(_ value: (inout RandomTenant) -> Value) -> Value? { chance() ? value(&self) : nil }
    private mutating func chance() -> Bool { random.next() & 1 == 0 }
    private mutating func number(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    private mutating func pick<Value>(_ values: [Value]) -> Value { values[number(values.count)] }
}
