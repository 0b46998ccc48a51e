import Fixtures
import Governance
import Testing

extension LedgerWorld {
    /// A charge of `micros` in `accounts`, its lease an hour.
    func charge(
        _ micros: Int64, _ accounts: [ChargedAccount], call: CallID = CallID(), session: SessionID? = nil,
        transport: Session.Transport = .streamable, renewsSession: Bool = true, lineage: [TokenID] = [.sample("a")],
        lease: Int64 = 3_600_000, tool: String = "echo", record: CallRecord? = nil, rates: [RateLimit] = [], node: NodeID = .sample
    ) throws -> Charge {
        let context = CallContext(
            session: session, token: lineage.last ?? .sample("a"), budget: accounts.last?.name, node: node, tool: tool, upstream: .sample)
        return Charge(
            call: call, tenant: tenant, amount: try #require(Credits(micros: micros)), accounts: accounts, session: session,
            transport: transport, renewsSession: renewsSession, lineage: lineage, lease: lease, context: context, record: record,
            rates: rates)
    }

    /// The round of a charge's call.
    func round(_ number: Int, of charge: Charge) -> Round {
        let isHeld = charge.amount != .zero && !charge.accounts.isEmpty || charge.record != nil
        return Round(call: charge.call, tenant: tenant, number: number, isHeld: isHeld, record: charge.record?.name)
    }

    /// Reserves, and demands that it is granted with a hold.
    func held(_ charge: Charge) async throws -> Hold {
        guard case .granted(let hold?, _, _) = try await ledger.reserve(charge) else { throw FixtureError("not granted") }
        return hold
    }

    /// Reserves, and demands that it is granted; answers what a strict account would have refused it for.
    func excess(_ charge: Charge) async throws -> ReservationRefusal? {
        guard case .granted(_, let excess, _) = try await ledger.reserve(charge) else { throw FixtureError("not granted") }
        return excess
    }

    /// Reserves, and demands that it is refused.
    func refusal(_ charge: Charge) async throws -> ReservationRefusal {
        guard case .refused(let refusal, _) = try await ledger.reserve(charge) else { throw FixtureError("not refused") }
        return refusal
    }

    /// Reserves, and demands that its key has been here before.
    func recalled(_ charge: Charge) async throws -> Recollection {
        guard case .recalled(let found) = try await ledger.reserve(charge) else { throw FixtureError("not recalled") }
        return found
    }

    /// What is known under a record's name.
    func recall(_ record: CallRecord, waiter: NodeID = .sample) async throws -> Recollection {
        try await ledger.recall(record, of: tenant, waiter: waiter)
    }

    /// The books of an account that must exist.
    func balance(_ account: ChargedAccount) async throws -> Balance {
        try #require(try await ledger.balance(of: account.name, tenant: tenant))
    }
}

/// Demands that an account's books are so.
func expectBooks(
    _ world: LedgerWorld, _ account: ChargedAccount, _ location: SourceLocation = #_sourceLocation, _ condition: (Balance) -> Bool
) async throws {
    let books = try await world.balance(account)
    #expect(condition(books), "\(books)", sourceLocation: location)
}

extension ChargedAccount {
    /// A budget that is made with `opening` on first use; nil: it must exist.
    static func budget(
        _ name: String, _ opening: Int64?, isLenient: Bool = false, window: WindowEnds? = nil
    ) throws -> ChargedAccount {
        ChargedAccount(
            name: .budget(try #require(BudgetName(name))), opening: opening.flatMap { Credits(micros: $0) }, isLenient: isLenient,
            window: window)
    }

    /// The cap account of the prefix `TokenID.sample(letter)`.
    static func cap(_ letter: Character, _ limit: Int64, expires: Int64? = nil) -> ChargedAccount {
        ChargedAccount(name: .cap(.sample(letter)), opening: Credits(micros: limit), expires: expires)
    }

    /// The same with other window ends.
    func ending(_ first: Int64, _ second: Int64) -> ChargedAccount {
        ChargedAccount(
            name: name, opening: opening, expires: expires, isLenient: isLenient, window: WindowEnds(first: first, second: second))
    }
}

extension CallRecord {
    /// The record `TokenID.sample(letter)` of a question known by a hex digit.
    static func sample(_ letter: Character, asking question: Character = "1", supplants: CallID? = nil) throws -> CallRecord {
        CallRecord(
            name: try #require(RecordName(String(repeating: letter, count: 64))), fingerprint: String(repeating: question, count: 64),
            supplants: supplants)
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
