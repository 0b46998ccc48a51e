import Governance
import Macaroons
import Testing

@testable import Gateway

@Suite("The state that an agent carries between the rounds of a call")
struct StateSealTests {
    private let tenant: TenantName
    private let seal: StateSeal
    private let request: Digest
    private let principal = TokenID.of("a")

    init() throws {
        tenant = try #require(TenantName("acme"))
        seal = StateSeal(roots: [try RootKey(bytes: Array(repeating: 7, count: 32))], tenant: tenant)
        request = try #require(SHA256.digest(of: Array("a request".utf8)))
    }

    private func state(
        _ place: RoundState.Place = .upstream(Array(#""their\u0020own""#.utf8)), number: Int = 3, record: RecordName? = nil
    ) throws -> RoundState {
        let accounts: [AccountName] = [.tenant, .cap(.of("c")), .budget(try #require(BudgetName("team")))]
        return RoundState(
            round: Round(call: CallID(), tenant: tenant, number: number, isHeld: true, record: record), principal: principal,
            request: request,
            expires: 1_000, price: try #require(Credits(micros: 250_000)), accounts: accounts,
            upstream: try #require(UpstreamName("everything")), place: place)
    }

    private func flaw(_ text: String, by seal: StateSeal? = nil, of principal: TokenID? = nil, for request: Digest? = nil, now: Int64 = 999)
        -> StateFlaw?
    {
        do {
            _ = try (seal ?? self.seal).state(in: text, of: principal ?? self.principal, for: request ?? self.request, now: now)
            return nil
        } catch { return error }
    }

    @Test("is given back as it was sealed, the upstream's own bytes in it")
    func roundTrip() throws {
        let places: [RoundState.Place] = [.upstream(Array(#""x""#.utf8)), .upstream(nil), .anew, .node(NodeID())]
        for place in places {
            for number in [1, Round.most] {
                var state = try state(place, number: number)
                if number > 1 { state.warning = "budget_exhausted" }
                let text = try #require(seal.text(of: state))
                #expect(try seal.state(in: text, of: principal, for: request, now: 999) == state)
            }
        }
    }

    @Test("names the record of a call with a key, which has a hold even where it costs nothing")
    func record() throws {
        let record = try #require(RecordName(String(repeating: "a", count: 64)))
        let paid = try state(record: record)
        let free = RoundState(
            round: paid.round, principal: principal, request: request, expires: 1_000, price: .zero, accounts: [],
            upstream: paid.upstream, place: .anew)
        for state in [paid, free] {
            let text = try #require(seal.text(of: state))
            #expect(try seal.state(in: text, of: principal, for: request, now: 999) == state)
        }
    }

    @Test("is of no use to another, for another request, at another tenant, or too late")
    func bound() throws {
        let text = try #require(seal.text(of: state()))
        let other = try #require(SHA256.digest(of: Array("another".utf8)))
        #expect(flaw(text) == nil)
        #expect(flaw(text, of: .of("b")) == .invalid)
        #expect(flaw(text, for: other) == .mismatch)
        #expect(flaw(text, now: 1_000) == .expired)
        #expect(flaw(text, of: .of("b"), for: other, now: 2_000) == .invalid, "nothing is told to others")
        #expect(flaw(text, by: StateSeal(roots: seal.roots, tenant: try #require(TenantName("beta")))) == .invalid)
    }

    @Test("outlives a change of keys as long as the old one is active")
    func rotation() throws {
        let new = try RootKey(bytes: [1, 2, 3])
        let text = try #require(seal.text(of: state()))
        #expect(flaw(text, by: StateSeal(roots: [new] + seal.roots, tenant: tenant)) == nil)
        #expect(flaw(text, by: StateSeal(roots: [new], tenant: tenant)) == .invalid)
        #expect(StateSeal(roots: [], tenant: tenant).text(of: try state()) == nil)
    }

    @Test("is refused when anything in it was changed, left out or added: 5,000 mutations")
    func mutations() throws {
        let text = Array(try #require(seal.text(of: state())).utf8)
        let alphabet = Array("ABCxyz019-_+/=\"\\ \u{0}é".utf8)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<5_000 {
            var changed = text
            let place = Int.random(in: 0..<changed.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: changed[place] = alphabet.randomElement(using: &random) ?? 0
            case 1: changed.remove(at: place)
            case 2: changed.insert(alphabet.randomElement(using: &random) ?? 0, at: place)
            default: changed.swapAt(place, Int.random(in: 0..<changed.count, using: &random))
            }
            guard changed != text else { continue }
            let found = flaw(String(decoding: changed, as: UTF8.self))
            #expect(found == .invalid, "\(String(decoding: changed, as: UTF8.self))")
        }
        for length in 0..<text.count { #expect(flaw(String(decoding: text.prefix(length), as: UTF8.self)) == .invalid) }
    }
}
