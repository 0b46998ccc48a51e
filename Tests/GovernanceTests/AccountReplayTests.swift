import Governance
import Testing

@Suite("An account as its entries make it")
struct AccountReplayTests {
    @Test("what is delegated leaves the parent, comes back at the child's end, and the rest with the parent's next window")
    func delegation() throws {
        let (parent, child) = (try account("team"), try account("child"))
        var replays = [parent, child].map(AccountReplay.init)
        func take(_ number: Int64, _ effect: LedgerEntry.Effect, _ own: LedgerEntry.Effect = .none, _ books: LedgerEntry.Books...)
            -> [String]
        {
            let entry = LedgerEntry(
                id: "\(number)-0", number: number, kind: "test", effect: effect, effects: [child: own], books: books)
            return books.flatMap { books in
                replays.indices.first { replays[$0].account == books.account }.map { replays[$0].take(entry, books) } ?? []
            }.map(\.what)
        }
        #expect(take(1, .made(limit: 100), .none, books(parent, limit: 100, version: 1)) == [])
        #expect(
            take(
                2, .delegated(40), .made(limit: 40), books(child, limit: 40, version: 1),
                books(parent, limit: 100, delegated: 40, version: 2)) == [])
        #expect(take(3, .spent(15), .spent(15), books(child, limit: 40, spent: 15, version: 3)) == [])
        #expect(
            take(
                4, .delegated(-25), .ended(returning: 25), books(child, limit: 15, spent: 15, version: 4),
                books(parent, limit: 100, delegated: 15, version: 3)) == [])
        #expect(take(5, .turned(spent: 0, drained: 15), .none, books(parent, limit: 100, version: 4)) == [])
        #expect(replays[1].end(nil, held: 0, isWhole: true) == [], "an ended child is forgotten in time")
        #expect(replays[0].end(nil, held: 0, isWhole: true).map(\.what) == ["the account is missing"])
        #expect(
            take(6, .delegated(1), .none, books(parent, limit: 100, delegated: 2, version: 5)) == [
                "test: delegated is 0.000002, by the entries 0.000001"
            ])
    }

    @Test("after a difference the replay goes on from what the entry says, so that each mistake is told once")
    func once() throws {
        let team = try account("team")
        var replay = AccountReplay(account: team)
        func take(_ number: Int64, _ effect: LedgerEntry.Effect, _ books: LedgerEntry.Books) -> Int {
            replay.take(LedgerEntry(id: "\(number)-0", number: number, kind: "test", effect: effect, books: [books]), books).count
        }
        #expect(take(1, .made(limit: 9), books(team, limit: 9, version: 1)) == 0)
        #expect(take(2, .spent(2), books(team, limit: 9, spent: 3, version: 2)) == 1)
        #expect(take(3, .spent(1), books(team, limit: 9, spent: 4, version: 4)) == 0)
        #expect(take(4, .spent(1), books(team, limit: 9, spent: 5, version: 4)) == 1, "a version that did not rise")
        #expect(take(5, .spent(0), books(team, limit: 9, spent: 4, version: 4)) == 0, "nothing was charged")
        #expect(take(6, .limited(from: 8, to: 10), books(team, limit: 10, spent: 4, version: 5)) == 1)
        #expect(take(7, .none, books(team, limit: 10, spent: 4, version: 6, epoch: "f")) == 1)
        #expect(take(8, .resumed(from: "f"), books(team, limit: 10, spent: 4, version: 7, epoch: "g")) == 0)
        #expect(take(9, .made(limit: 3), books(team, limit: 3, version: 1, epoch: "h")) == 1, "a budget is not made twice")
    }

    private func account(_ name: String) throws -> AccountName { .budget(try #require(BudgetName(name))) }

    private func books(
        _ account: AccountName, limit: Int64, spent: Int64 = 0, delegated: Int64 = 0, version: Int64, epoch: String = "e"
    ) -> LedgerEntry.Books {
        LedgerEntry.Books(
            account: account, limit: limit, available: limit - spent - delegated, held: 0, spent: spent, delegated: delegated, over: 0,
            version: version, epoch: epoch)
    }
}
