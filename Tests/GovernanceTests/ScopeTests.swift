import Governance
import Testing

@Suite("A scope")
struct ScopeTests {
    private func allows(_ clauses: [String], _ name: String, at upstream: String = "git", bare: String? = nil) throws -> Bool {
        let scope = Scope(clauses: try clauses.map { try #require(Scope.Clause($0)) })
        return scope.allows(
            name: name, bare: bare ?? name, upstream: try #require(UpstreamName(upstream)), among: ["git", "search", "files"])
    }

    @Test("without clauses allows everything of the tenant")
    func open() throws { #expect(try allows([], "anything")) }

    @Test("allows by exact name, by upstream, and by the star")
    func words() throws {
        #expect(try allows(["log, diff"], "diff"))
        #expect(try !allows(["log"], "logs"))
        #expect(try allows(["*"], "x"))
        #expect(try allows(["git:*"], "whatever", at: "git"))
        #expect(try allows(["git:log"], "git__log", at: "git", bare: "log"))
    }

    @Test("takes x:* for the tools of the upstream x and nothing else, where there is one")
    func upstreamsWin() throws {
        #expect(try !allows(["git:*"], "git_log", at: "search"))
        #expect(try allows(["jira:*"], "jira_search", at: "search"))
        #expect(try allows(["jira:*"], "jira:search", at: "search"))
        #expect(try !allows(["jira:*"], "jirasearch", at: "search"))
    }

    @Test("can only be narrowed by a later clause")
    func narrows() throws {
        #expect(try !allows(["log", "*", "diff"], "log"))
        #expect(try allows(["git:*", "log"], "log"))
        #expect(try !allows(["log", "*"], "diff"))
    }

    @Test("refuses an empty word", arguments: ["", "a,", ",a", "a,,b", " "])
    func emptyWords(list: String) { #expect(Scope.Clause(list) == nil) }

    @Test("covers all of an upstream by a star or by the upstream's own, in each clause")
    func all() throws {
        let zoo = try #require(UpstreamName("zoo"))
        func covers(_ clauses: String...) throws -> Bool {
            Scope(clauses: try clauses.map { try #require(Scope.Clause($0)) }).allowsAll(of: zoo)
        }
        #expect(try covers() && covers("*") && covers("a,zoo:*") && covers("*", "zoo:*"))
        #expect(try !covers("zoo") && !covers("zo:*") && !covers("*", "ant:*") && !covers("zoo:a"))
    }
}
