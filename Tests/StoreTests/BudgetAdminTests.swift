import Fixtures
import Foundation
import Governance
import Redis
import Store
import Testing

@Suite("An operator's changes to accounts", .timeLimit(.minutes(1)))
struct BudgetAdminTests {
    private static let alice = "alice"

    @Test("a limit makes an account only where the tenant's books are open, and is told with who set it and why")
    func makes() async throws {
        let world = try await BudgetWorld()
        #expect(try await world.set("team", 5) == .refused(.booksClosed))
        #expect(try await world.admin.balance(of: world.account("team"), tenant: world.tenant) == nil)
        try await world.ledger.openBooks(of: world.tenant)
        let request = RequestName()
        let made = try await world.done(world.set("team", 5_000_001, request))
        #expect(made.previous == nil && made.books.limit == .micros(5_000_001) && made.books.version == 1 && made.books.over == .zero)
        #expect(try await world.field("team", "previous") == "*")
        let event = try #require(try await world.money().first)
        #expect(event.type == "budget_set" && event["budgetId"] == "team" && event.micros("limit") == 5_000_001)
        #expect(event.data["previous"] is NSNull && event.data["reason"] as? String == "set")
        #expect(event.data["by"] as? String == "alice" && event.data["request"] as? String == request.text)
        #expect(event.accounts.count == 1 && event.accounts[0]["version"] as? Int == 1)
    }

    @Test("a limit below what is used makes `over` grow, refuses calls, and leaves what is held to settle")
    func lowers() async throws {
        let world = try await BudgetWorld()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        _ = try await world.ledger.settle(try await world.book.held(world.book.charge(3, [team])), cost: .micros(3), outcome: .ok)
        let hold = try await world.book.held(world.book.charge(4, [team]))
        let lowered = try await world.done(world.set("team", 5))
        #expect(lowered.previous == .micros(10) && lowered.books.over == .micros(2) && lowered.books.available == .zero)
        #expect(lowered.books.held == .micros(4) && lowered.books.spent == .micros(3))
        #expect(try await world.book.refusal(world.book.charge(1, [team])) == .insufficient(team.name, available: .zero, held: .micros(4)))
        #expect(try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok).charged == .micros(4))
        #expect(try await world.book.balance(team).over == .micros(2))
    }

    @Test("an exhausted account that is topped up is exhausted no more, and is told again when it is the next time")
    func toppedUp() async throws {
        let world = try await BudgetWorld()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 3)
        func spend() async throws {
            let hold = try await world.book.held(world.book.charge(3, [team]))
            _ = try await world.ledger.settle(hold, cost: .micros(3), outcome: .ok)
        }
        try await spend()
        #expect(try await world.field("team", "exhausted") == "1")
        let topped = try await world.done(world.topUp("team", 3))
        #expect(topped.previous == .micros(3) && topped.books.limit == .micros(6) && topped.books.available == .micros(3))
        #expect(try await world.field("team", "exhausted") == "0")
        try await spend()
        _ = try await world.done(world.set("team", 5))
        _ = try await world.done(world.set("team", 7))
        _ = try await world.done(world.set("team", 6))
        let told = try await world.events(world.keys.audit).filter { $0.type == "budget_exhausted" }
        #expect(told.count == 3, "twice by a call, once by a lower limit")
        #expect(told.last?.data["by"] as? String == "alice")
        #expect(
            try await world.money().filter { $0.type == "budget_set" }.map { $0.data["reason"] as? String } == [
                nil, "top_up", "set", "set", "set",
            ])
    }

    @Test("a repeated request changes nothing, is answered the same, and its name serves no other change")
    func repeats() async throws {
        let world = try await BudgetWorld()
        try await world.ledger.openBooks(of: world.tenant)
        _ = try await world.set("team", 10)
        let request = RequestName()
        let first = try await world.topUp("team", 5, request)
        _ = try await world.topUp("team", 7)
        #expect(try await world.topUp("team", 5, request) == first)
        #expect(try await world.balance("team").limit == .micros(22))
        #expect(try await world.topUp("team", 6, request) == .refused(.conflict))
        #expect(try await world.topUp("other", 5, request) == .refused(.conflict))
        #expect(try await world.set("team", 5, request) == .refused(.conflict))
        #expect(try await world.money().count == 3)
        let life = try await world.redis.send(["PTTL", .text(world.keys.request(request))]).number ?? 0
        #expect((86_000_000...86_400_000).contains(life))
    }

    @Test("the same request from many at once is carried out once")
    func atOnce() async throws {
        let world = try await BudgetWorld()
        try await world.ledger.openBooks(of: world.tenant)
        _ = try await world.set("team", 1)
        let request = RequestName()
        let answers = try await withThrowingTaskGroup(of: BudgetAnswer.self) { group in
            for _ in 0..<20 { group.addTask { try await world.topUp("team", 2, request) } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(answers.count == 1)
        #expect(try await world.balance("team").limit == .micros(3))
    }

    @Test("the limit that it has already changes nothing and is not told")
    func same() async throws {
        let world = try await BudgetWorld()
        try await world.ledger.openBooks(of: world.tenant)
        _ = try await world.set("team", 4)
        let again = try await world.done(world.set("team", 4))
        #expect(again.previous == .micros(4) && again.books.version == 1)
        #expect(try await world.money().count == 1)
    }

    @Test("what does not fit, and a top-up of nothing, is refused and may be asked again")
    func refuses() async throws {
        let world = try await BudgetWorld()
        try await world.ledger.openBooks(of: world.tenant)
        let request = RequestName()
        #expect(try await world.topUp("team", 1, request) == .refused(.noAccount))
        _ = try await world.set("team", Credits.bound - 2)
        #expect(try await world.topUp("team", 2) == .refused(.outOfRange))
        _ = try await world.done(world.topUp("team", 1, request))
        #expect(try await world.balance("team").limit.micros == Credits.bound - 1)
        #expect(try await world.money().count == 2)
    }

    @Test("caps and the tenant's own account are set like budgets")
    func caps() async throws {
        let world = try await BudgetWorld()
        try await world.ledger.openBooks(of: world.tenant)
        let cap = ChargedAccount.cap("c", 10)
        _ = try await world.book.held(world.book.charge(4, [cap]))
        for name in [cap.name, .tenant] {
            let answer = try await world.admin.set(
                .micros(20), of: name, tenant: world.tenant, as: BudgetRequest(id: RequestName(), operator: Self.alice))
            guard case .done(let books, _) = answer else { throw FixtureError("refused") }
            #expect(books.limit == .micros(20))
        }
        #expect(try await world.book.balance(cap).held == .micros(4))
    }

    @Test("every account of the tenant is listed among many keys, and none of another's")
    func lists() async throws {
        let world = try await BudgetWorld()
        let other = try await BudgetWorld()
        for each in [world, other] { try await each.ledger.openBooks(of: each.tenant) }
        _ = try await other.set("foreign", 1)
        var wanted: Set<AccountName> = [.tenant, .cap(.sample("c"))]
        for number in 0..<250 { wanted.insert(try world.account("b\(number)")) }
        for name in wanted {
            _ = try await world.admin.set(
                .micros(1), of: name, tenant: world.tenant, as: BudgetRequest(id: RequestName(), operator: Self.alice))
        }
        for number in 0..<3_000 {
            _ = try await world.redis.send(["SET", .text("noise:\(world.tenant.text):\(number)"), "1", "PX", "60000"])
        }
        var found: Set<AccountName> = []
        var cursor: AccountCursor?
        var pages = 0
        repeat {
            let page = try await world.admin.list(of: world.tenant, from: cursor)
            (cursor, pages) = (page.next, pages + 1)
            found.formUnion(page.names)
        } while cursor != nil
        #expect(found == wanted && pages > 1)
        let balances = try await world.admin.balances(of: Array(wanted) + [world.account("none")], tenant: world.tenant)
        #expect(balances.count == wanted.count + 1 && balances.last == .some(nil))
        #expect(balances.dropLast().allSatisfy { $0?.limit == .micros(1) })
    }

    @Test("a resumed account is charged again, in a new epoch, what was held before included, and it is told")
    func resumes() async throws {
        let world = try await BudgetWorld()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", nil)
        #expect(try await world.admin.resume(team.name, tenant: world.tenant, by: Self.alice) == .refused(.noAccount))
        _ = try await world.set("team", 9)
        let held = try await world.book.held(world.book.charge(4, [team]))
        let before = try await world.balance("team")
        _ = try await world.redis.send(["HSET", .text(world.keys.account(team.name)), "mark", "1"])
        #expect(try await world.balance("team").isRolledBack)
        #expect(try await world.book.refusal(world.book.charge(1, [team])) == .rolledBack(team.name))
        let (books, _) = try await world.done(world.admin.resume(team.name, tenant: world.tenant, by: Self.alice))
        #expect(!books.isRolledBack && books.epoch != before.epoch && books.version == before.version + 1 && books.limit == before.limit)
        #expect(try await world.field("team", "previous") == "* \(before.epoch)")
        #expect(try await world.field("team", "mark") == nil)
        #expect(try await world.ledger.settle(held, cost: .micros(4), outcome: .ok).charged == .micros(4))
        _ = try await world.book.held(world.book.charge(5, [team]))
        let event = try #require(try await world.money().first { $0.type == "ledger_rollback" })
        #expect(event.data["by"] as? String == "alice" && event.data["resumed"] as? Bool == true)
        #expect(event.data["previousEpoch"] as? String == before.epoch && event.accounts[0]["epoch"] as? String == books.epoch)
    }

    @Test("an account that was set stays the same one when it is first charged")
    func charged() async throws {
        let world = try await BudgetWorld()
        try await world.ledger.openBooks(of: world.tenant)
        let made = try await world.done(world.set("team", 9)).books
        let team = try ChargedAccount.budget("team", 5)
        let hold = try await world.book.held(world.book.charge(4, [team]))
        let books = try await world.balance("team")
        #expect(books.epoch == made.epoch && books.limit == .micros(9) && books.version == made.version + 1)
        _ = try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok)
        #expect(try await world.balance("team").spent == .micros(4))
    }

    @Test("whatever is no account, no request or no ledger under its key is an error, and nothing is written")
    func corrupt() async throws {
        for key in ["account", "request", "ledger", "audit", "head"] {
            let world = try await BudgetWorld()
            try await world.ledger.openBooks(of: world.tenant)
            _ = try await world.set("team", 4)
            let before = try await world.balance("team")
            let request = RequestName()
            let name =
                switch key {
                case "account": world.keys.account(try world.account("team"))
                case "request": world.keys.request(request)
                case "ledger": world.keys.ledger
                case "audit": world.keys.audit
                default: world.keys.head
                }
            _ = try await world.redis.send(["SET", .text(name), "x"])
            await #expect(throws: StoreError.self, "\(key)") { try await world.topUp("team", 1, request) }
            if key == "account" {
                await #expect(throws: StoreError.self) { try await world.balance("team") }
            } else {
                #expect(try await world.balance("team") == before, "\(key)")
            }
            #expect(try await world.redis.send(["EXISTS", .text(world.keys.request(request))]).number == (key == "request" ? 1 : 0))
        }
    }
}
