import Governance
import Synchronization
import Testing

@testable import Console

/// Accounts whose listing takes a while and is counted.
private final class SlowAccounts: BudgetAdmin {
    let pause: Duration
    let listings = Mutex(0)
    let names: Mutex<[AccountName]>

    init(pause: Duration, _ names: [AccountName]) {
        self.pause = pause
        self.names = Mutex(names)
    }

    func list(of tenant: TenantName, from cursor: AccountCursor?) async throws(StoreError) -> AccountPage {
        listings.withLock { $0 += 1 }
        try? await Task.sleep(for: pause)
        return AccountPage(names: names.withLock { $0 }, next: nil)
    }

    func balances(of accounts: [AccountName], tenant: TenantName) async throws(StoreError) -> [Balance?] { [] }
    func set(
        _ limit: Credits, of account: AccountName, tenant: TenantName, as request: BudgetRequest
    ) async throws(StoreError) -> BudgetAnswer { .anew }
    func topUp(
        _ account: AccountName, by amount: Credits, tenant: TenantName, as request: BudgetRequest
    ) async throws(StoreError) -> BudgetAnswer { .anew }
    func resume(_ account: AccountName, tenant: TenantName, by operator: String) async throws(StoreError) -> BudgetAnswer { .anew }
}

@Suite("Remembered lists of accounts", .timeLimit(.minutes(1)))
struct AccountListsTests {
    private let tenant: TenantName
    private let one: AccountName
    private let two: AccountName

    init() throws {
        tenant = try #require(TenantName("acme"))
        one = .budget(try #require(BudgetName("one")))
        two = .budget(try #require(BudgetName("two")))
    }

    @Test("a list that took long is not made anew for nine times as long, and what is made here stands in it at once")
    func rests() async throws {
        let slow = SlowAccounts(pause: .seconds(2), [two])
        let lists = AccountLists(slow)
        #expect(try await lists.accounts(of: tenant) == [two])
        slow.names.withLock { $0 = [] }
        for _ in 0..<100 { #expect(try await lists.accounts(of: tenant) == [two]) }
        #expect(slow.listings.withLock { $0 } == 1)
        lists.note(one, of: tenant)
        lists.note(one, of: tenant)
        #expect(try await lists.accounts(of: tenant) == [one, two])
        // Of another tenant there is no list yet.
        #expect(try await lists.accounts(of: try #require(TenantName("other"))) == [])
        #expect(slow.listings.withLock { $0 } == 2)
    }

    @Test("a list that is made quickly is soon made anew")
    func fresh() async throws {
        let quick = SlowAccounts(pause: .zero, [one])
        let lists = AccountLists(quick)
        #expect(try await lists.accounts(of: tenant) == [one])
        quick.names.withLock { $0 = [one, two] }
        let end = ContinuousClock.now + .seconds(15)
        while try await lists.accounts(of: tenant) != [one, two], ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try await lists.accounts(of: tenant) == [one, two])
    }
}
