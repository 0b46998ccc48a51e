/// What a token may call: every clause (one per `scope` caveat) must allow it, so a later caveat can only narrow.
package struct Scope: Sendable, Hashable {
    /// One `scope` caveat: a list of words of which one must match.
    package struct Clause: Sendable, Hashable {
        package let words: [String]

        /// These words; none allow nothing.
        package init(words: [String]) { self.words = words }

        /// Reads a comma list; nil where a word is empty.
        package init?(_ list: some StringProtocol) {
            let words = String(list).split(separator: ",", omittingEmptySubsequences: false).map { word in
                String(word.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            guard !words.contains("") else { return nil }
            self.words = words
        }
    }

    package let clauses: [Clause]

    /// No clause: everything of the tenant is allowed.
    package init(clauses: [Clause] = []) { self.clauses = clauses }

    /// True when a tool, under the name the agent sees (`name`) or its own (`bare`) at `upstream`, may be called.
    /// `x:*` means the tools of the upstream `x`; where no upstream has that name it matches `x:…` and `x_…` as SatGate does.
    package func allows(name: String, bare: String, upstream: UpstreamName, among upstreams: Set<String>) -> Bool {
        clauses.allSatisfy { clause in
            clause.words.contains { word in
                if word == "*" || word == name || word == "\(upstream.text):\(bare)" { return true }
                guard word.hasSuffix(":*") else { return false }
                let prefix = word.dropLast(2)
                if upstreams.contains(String(prefix)) { return upstream.text == prefix }
                return name.hasPrefix("\(prefix):") || name.hasPrefix("\(prefix)_")
            }
        }
    }

    /// True when all that this upstream has may be used: what has no name of its own in a scope.
    package func allowsAll(of upstream: UpstreamName) -> Bool {
        clauses.allSatisfy { $0.words.contains("*") || $0.words.contains("\(upstream.text):*") }
    }

    /// True when a tool may be called as far as its name alone can tell: with no upstream at hand, `x:*` is `x:…` and `x_…`.
    package func allows(name: String) -> Bool {
        clauses.allSatisfy { clause in
            clause.words.contains { word in
                guard word.hasSuffix(":*") else { return word == "*" || word == name }
                return name.hasPrefix("\(word.dropLast(2)):") || name.hasPrefix("\(word.dropLast(2))_")
            }
        }
    }
}
