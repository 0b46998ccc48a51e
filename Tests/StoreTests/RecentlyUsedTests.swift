import Governance
import Testing

@testable import Store

@Suite("What a node has seen of accounts")
struct RecentlyUsedTests {
    @Test("the one that was not used for longest makes room, whatever else is taken out")
    func order() {
        var used = RecentlyUsed<Int, String>(capacity: 3)
        for key in 1...3 { used.insert("\(key)", for: key) }
        #expect(used.value(for: 1) == "1")
        used.insert("4", for: 4)
        #expect(used.value(for: 2) == nil)
        used.remove(3)
        used.insert("5", for: 5)
        used.insert("6", for: 6)
        #expect(Set(used.all.map(\.key)) == [4, 5, 6])
        used.remove(5)
        used.remove(4)
        used.remove(6)
        used.insert("7", for: 7)
        #expect(used.all.map(\.value) == ["7"])
        let isChanged = used.update(7) { value in
            value += "!"
            return true
        }
        #expect(isChanged && used.value(for: 7) == "7!")
    }

    @Test("of one epoch the highest version is kept, of another the last; what is no epoch says nothing")
    func versions() throws {
        let tenant = try TenantName.fresh()
        let accounts = try [ChargedAccount.budget("one", nil), .budget("two", nil), .budget("three", nil)]
        let (first, second) = (String(repeating: "a", count: 32), String(repeating: "b", count: 32))
        let books = KnownBooks(capacity: 10)
        func learn(_ text: String, at time: Int64 = 1) { books.learn(Array(text.utf8), of: accounts, tenant: tenant, at: time) }
        func seen() -> [String] {
            accounts.map { account in
                books.version(of: account.name, tenant: tenant).map { "\($0.epoch.prefix(1))\($0.version)" } ?? "-"
            }
        }
        learn("\(first) 7 - 0 \(second) 12")
        #expect(seen() == ["a7", "-", "b12"])
        learn("\(first) 5 \(first) 3 \(second) 13")
        #expect(seen() == ["a7", "a3", "b13"])
        learn("\(second) 1", at: 2)
        #expect(seen() == ["b1", "a3", "b13"])
        #expect(books.seen(since: 2).map(\.key.account) == [accounts[0].name] && books.seen(since: 1).count == 3)
        for odd in ["", " ", "x", "\(first)", "\(first) x", "\(first)\" 99", "\(first) -1", "\(first) 99999999999999999999"] { learn(odd) }
        #expect(seen() == ["b1", "a3", "b13"])
    }
}
