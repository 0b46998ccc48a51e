import Governance
import Upstreams

/// The terms of an upstream session as one line: `1 <length of the id, or -> <id> <transport> <offers><announces> <revision>`.
///
/// The id stands in front, so that a script knows it by how the line begins.
enum SessionTermsText {
    static func text(of terms: SessionTerms) -> String {
        let flags = (terms.offersTools ? "t" : "-") + (terms.announcesTools ? "c" : "-")
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
            let revision = String(validating: rest, as: UTF8.self)
        else { return nil }
        return SessionTerms(
            transport: transport, revision: revision, id: id, offersTools: flags.hasPrefix("t"), announcesTools: flags.hasSuffix("c"))
    }

    /// Takes what stands before the next space, and the space.
    private static func word(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let end = rest.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return String(validating: rest[..<end], as: UTF8.self)
    }
}
