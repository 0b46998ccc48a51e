import Fixtures
import Governance
import Redis
import Store
import Testing

/// An implementation of the ledger that the conformance suite runs on.
struct LedgerUnderTest: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let open: @Sendable () async throws -> LedgerWorld

    static let all = [
        LedgerUnderTest(testDescription: "in memory") { try LedgerWorld.inMemory() },
        LedgerUnderTest(testDescription: "Redis") { try await LedgerWorld.redis(SharedRedis.client) },
        LedgerUnderTest(testDescription: "Redis, its keys watched") { try await LedgerWorld.redis(SharedRedis.client, .watched) },
    ]
}

/// A ledger with what surrounds it and one tenant whose books are not open yet.
struct LedgerWorld: Sendable {
    let tenant: TenantName
    let ledger: any Ledger & Rounds
    let sessions: any SessionDirectory
    let revoke: @Sendable (TokenID) async throws -> Void
    /// Returns when a lease that ended now is over.
    let outliveNow: @Sendable () async throws -> Void

    static func inMemory(_ tenant: TenantName? = nil) throws -> LedgerWorld {
        let clock = ManualClock()
        let tenant = try tenant ?? .fresh()
        let sessions = InMemorySessionDirectory(clock: clock)
        let ledger = InMemoryLedger(clock: clock, sessions: sessions)
        return LedgerWorld(
            tenant: tenant, ledger: ledger, sessions: sessions, revoke: { ledger.revoke($0, of: tenant) },
            outliveNow: { clock.advance(by: 2) })
    }

    static func redis(_ client: RedisClient, _ scripts: StoreScripts = .embedded, _ tenant: TenantName? = nil) throws -> LedgerWorld {
        let tenant = try tenant ?? .fresh()
        return LedgerWorld(
            tenant: tenant, ledger: RedisLedger(redis: client, scripts: scripts),
            sessions: RedisSessionDirectory(redis: client, scripts: scripts),
            revoke: { token in
                _ = try await client.send(["ZADD", .text(KeyNames.standard.keys(of: tenant).revoked), "1", .text(token.text)])
            },
            outliveNow: { try await client.outliveNow() })
    }

    /// A charge of `micros` in `accounts`, its lease an hour.
    func charge(
        _ micros: Int64, _ accounts: [ChargedAccount], call: CallID = CallID(), session: SessionID? = nil,
        transport: Session.Transport = .streamable, renewsSession: Bool = true, lineage: [TokenID] = [.sample("a")],
        lease: Int64 = 3_600_000,
        tool: String = "echo"
    ) throws -> Charge {
        let context = CallContext(
            session: session, token: lineage.last ?? .sample("a"), budget: accounts.last?.name, node: .sample, tool: tool, upstream: .sample
        )
        return Charge(
            call: call, tenant: tenant, amount: try #require(Credits(micros: micros)), accounts: accounts, session: session,
            transport: transport, renewsSession: renewsSession, lineage: lineage, lease: lease, context: context)
    }

    /// The round of a charge's call.
    func round(_ number: Int, of charge: Charge) -> Round {
        Round(call: charge.call, tenant: tenant, number: number, isHeld: charge.amount != .zero && !charge.accounts.isEmpty)
    }

    /// Reserves, and demands that it is granted with a hold.
    func held(_ charge: Charge) async throws -> Hold {
        guard case .granted(let hold?, _, _) = try await ledger.reserve(charge) else { throw FixtureError("not granted") }
        return hold
    }

    /// Reserves, and demands that it is refused.
    func refusal(_ charge: Charge) async throws -> ReservationRefusal {
        guard case .refused(let refusal, _) = try await ledger.reserve(charge) else { throw FixtureError("not refused") }
        return refusal
    }

    /// The books of an account that must exist.
    func balance(_ account: ChargedAccount) async throws -> Balance {
        try #require(try await ledger.balance(of: account.name, tenant: tenant))
    }
}

extension ChargedAccount {
    /// A budget that is made with `opening` on first use; nil: it must exist.
    static func budget(_ name: String, _ opening: Int64?) throws -> ChargedAccount {
        ChargedAccount(name: .budget(try #require(BudgetName(name))), opening: opening.flatMap { Credits(micros: $0) })
    }

    /// The cap account of the prefix `TokenID.sample(letter)`.
    static func cap(_ letter: Character, _ limit: Int64, expires: Int64? = nil) -> ChargedAccount {
        ChargedAccount(name: .cap(.sample(letter)), opening: Credits(micros: limit), expires: expires)
    }
}

extension TokenID {
    /// One hex digit 64 times.
    static func sample(_ letter: Character) -> TokenID {
        guard let id = TokenID(String(repeating: letter, count: 64)) else { preconditionFailure("\(letter) is no hex digit") }
        return id
    }
}

extension NodeID {
    static let sample = NodeID()
}

extension UpstreamName {
    static let sample: UpstreamName = {
        guard let name = UpstreamName("everything") else { preconditionFailure("a valid name") }
        return name
    }()
}

extension CallOutcome {
    static let ok = CallOutcome(kind: .ok, duration: 12)
    static let unsent = CallOutcome(kind: .notDispatched, duration: 3)
}

extension Credits {
    /// The number of millionths, of which a test knows that they fit.
    static func micros(_ micros: Int64) -> Credits { Credits(micros: micros) ?? .zero }
}
