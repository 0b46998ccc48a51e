/// A JSON document whose scalars and keys are kept as they are written.
indirect enum Tree {
    case token(String)
    case array([Tree])
    case object([(key: String, value: Tree)])

    private static let strings = [
        #""""#, #""a""#, #""a\"b\\""#, #""\u00e9\/\n""#, #""日本""#, #""\uD83D\uDE00""#, #""{[,:]}""#, #""}""#, #""name""#, "\"🙂\u{2028}\"",
        #""a somewhat longer text, past eight bytes""#,
    ]
    private static let scalars = ["0", "-1", "12.50", "1e5", "-0.0E-2", "true", "false", "null", "123456789012"]

    /// A random document of at most `depth` levels below this one.
    static func random(_ random: inout Seeded, depth: Int = 4) -> Tree {
        switch depth > 0 ? Int.random(in: 0..<5, using: &random) : 4 {
        case 0: .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in .random(&random, depth: depth - 1) })
        case 1, 2: .object(members(&random, depth: depth - 1))
        default: .token(random.pick(random.happens(1, outOf: 2) ? strings : scalars))
        }
    }

    /// Random members whose keys differ from one another and from all the protocol's.
    static func members(_ random: inout Seeded, depth: Int) -> [(key: String, value: Tree)] {
        let letters = random.pick([
            ["a", "b", "c", "d"], ["k\\u0061", "ключ", "k/b", "k\\\"d"], ["io.satgate", "io.satgat\\u0065s", "tokens", "x/"],
        ])
        return letters.prefix(Int.random(in: 0...letters.count, using: &random)).map { ("\"\($0)\"", .random(&random, depth: depth)) }
    }

    /// The members of an object put in another order.
    func shuffled(_ random: inout Seeded) -> Tree {
        guard case .object(var members) = self else { return self }
        members.shuffle(using: &random)
        return .object(members)
    }

    /// The text, with white space put between its tokens by `space`.
    func written(_ space: () -> String = { "" }) -> String {
        switch self {
        case .token(let token): token
        case .array(let elements):
            "[" + space() + elements.map { $0.written(space) }.joined(separator: space() + "," + space()) + space() + "]"
        case .object(let members):
            "{" + space()
                + members.map { $0.key + space() + ":" + space() + $0.value.written(space) }.joined(separator: space() + "," + space())
                + space()
                + "}"
        }
    }

    /// The text with random white space in it and around it.
    func written(spacedBy random: inout Seeded) -> String {
        var generator = random
        let space = { generator.pick(["", "", " ", "\n", "\t\r\n  "]) }
        defer { random = generator }
        return space() + written(space) + space()
    }

    /// The object with the member set, in its old place where there is one.
    func setting(_ key: String, to value: Tree) -> Tree {
        guard case .object(var members) = self else { return self }
        if let index = members.firstIndex(where: { $0.key == "\"\(key)\"" }) { members[index].value = value }
        return .object(members)
    }

    /// The object without the members whose keys, as written, are unwanted.
    func removing(_ unwanted: (String) -> Bool) -> Tree {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !unwanted($0.key) })
    }

    /// The object with a member's value changed, where there is one.
    func changing(_ key: String, _ change: (Tree) -> Tree) -> Tree {
        guard case .object(let members) = self else { return self }
        return .object(members.map { $0.key == "\"\(key)\"" ? ($0.key, change($0.value)) : $0 })
    }
}
