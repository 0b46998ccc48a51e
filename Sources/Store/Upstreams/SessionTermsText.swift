import Governance
import MCPWire
import Upstreams

/// The terms of an upstream session as one line: `1 <length of the id, or -> <id> <transport> <flags> <revision>`.
///
/// The id stands in front, so that a script knows it by how the line begins.
enum SessionTermsText {
    static func text(of terms: SessionTerms) -> String {
        let flags = Self.flags(of: terms.capabilities)
        return beginning(id: terms.id) + "\(terms.transport.rawValue) \(flags) \(terms.revision)"
    }

    /// How the line of a session with that id begins; no other's begins like it.
    static func beginning(id: String?) -> String { id.map { "1 \($0.utf8.count) \($0) " } ?? "1 - " }

    /// Reads the line back.
    static func terms(_ line: [UInt8]) throws(StoreError) -> SessionTerms {
        guard let terms = read(line), Array(text(of: terms).utf8) == line else { throw .corrupt("terms of an upstream session") }
        return terms
    }

    /// The terms; what is not in our own writing may pass here.
    private static func read(_ line: [UInt8]) -> SessionTerms? {
        var rest = line[...]
        guard word(&rest) == "1", let length = word(&rest) else { return nil }
        var id: String?
        if length != "-" {
            guard let count = Int(length), count >= 0, count < rest.count else { return nil }
            guard let text = String(validating: rest.prefix(count), as: UTF8.self) else { return nil }
            id = text
            rest = rest.dropFirst(count + 1)
        }
        guard let transport = word(&rest).flatMap(UpstreamDocument.Transport.init(rawValue:)), let flags = word(&rest),
            let capabilities = capabilities(flags), let revision = String(validating: rest, as: UTF8.self)
        else { return nil }
        return SessionTerms(transport: transport, revision: revision, id: id, capabilities: capabilities)
    }

    /// A letter for each capability in its place, or a dash; those behind the tools' only where there is one, as in older lines.
    private static let letters: [(letter: Character, capability: ServerCapabilities)] = [
        ("t", .tools), ("c", .toolsListChanged), ("p", .prompts), ("c", .promptsListChanged), ("r", .resources),
        ("c", .resourcesListChanged), ("a", .completions), ("l", .logging), ("s", .subscriptions),
    ]

    /// How many letters lines had, by what there is in them.
    private static let lengths = [2, 7, 9]

    private static func flags(of capabilities: ServerCapabilities) -> String {
        let flags = letters.map { capabilities.contains($0.capability) ? $0.letter : "-" }
        let length = lengths.first { flags[$0...].allSatisfy { $0 == "-" } } ?? flags.count
        return String(flags[..<length])
    }

    private static func capabilities(_ flags: String) -> ServerCapabilities? {
        guard flags.count <= letters.count else { return nil }
        return zip(flags, letters).reduce(into: []) { found, pair in
            if pair.0 == pair.1.letter { found.insert(pair.1.capability) }
        }
    }

    /// Takes what stands before the next space, and the space.
    private static func word(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let end = rest.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return String(validating: rest[..<end], as: UTF8.self)
    }
}
