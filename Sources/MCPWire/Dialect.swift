/// A protocol revision negotiated by handshake and what is particular to it; the only place in the product with protocol dates.
package struct Dialect: Sendable, Hashable {
    /// The date that names the revision.
    package let revision: String
    /// After the handshake each HTTP request carries `MCP-Protocol-Version`.
    package let sendsVersionHeader: Bool
    /// A response stream begins with an event of an id and empty data, which older clients cannot read.
    package let primesStreams: Bool
    /// A body may hold several messages.
    package let takesBatches: Bool
    /// What a result's content may be beside texts, images and resources.
    package let content: Content

    /// Kinds of content that came with later revisions.
    package struct Content: OptionSet, Sendable, Hashable {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        package static let audio = Content(rawValue: 1)
        package static let resourceLinks = Content(rawValue: 2)
        package static let all: Content = [.audio, .resourceLinks]
    }

    private init(
        _ revision: String, sendsVersionHeader: Bool = true, primesStreams: Bool = false, takesBatches: Bool = false,
        content: Content = .all
    ) {
        self.revision = revision
        self.sendsVersionHeader = sendsVersionHeader
        self.primesStreams = primesStreams
        self.takesBatches = takesBatches
        self.content = content
    }

    /// The newest revision with a handshake.
    package static let newestHandshake = Dialect("2025-11-25", primesStreams: true)
    /// What a request without version header and without session is taken to speak.
    package static let assumed = Dialect("2025-03-26", sendsVersionHeader: false, takesBatches: true, content: .audio)
    /// The revisions with a handshake, oldest first.
    package static let all = [
        Dialect("2024-11-05", sendsVersionHeader: false, content: []),
        assumed,
        Dialect("2025-06-18"),
        newestHandshake,
    ]
    /// The newest revision without a handshake.
    package static let newestModern = "2026-07-28"
    /// The revisions without a handshake, in which each request names its own; oldest first.
    package static let modern = [newestModern]

    /// The dialect of a revision with a handshake.
    package static func named(_ revision: String) -> Dialect? { all.first { $0.revision == revision } }

    /// The same for the bytes of its name.
    package static func named(utf8 revision: ArraySlice<UInt8>) -> Dialect? {
        // Most speak the newest.
        all.last { dialect in
            var name = dialect.revision
            return name.utf8.count == revision.count && name.withUTF8 { $0.elementsEqual(revision) }
        }
    }

    /// What `initialize` answers to an offered version: the same when we speak it, else the newest with a handshake.
    package static func offered(_ version: String) -> Dialect { named(version) ?? newestHandshake }

    /// The newest revision without a handshake that the other side speaks too.
    package static func mutualModern(among versions: [String]) -> String? { modern.last { versions.contains($0) } }
}

// MARK: Eras

extension Dialect {
    /// The revisions that agents are served in, newest first.
    package static let served = (all.map(\.revision) + modern).reversed() as [String]

    /// Writes `served` as a JSON array.
    static func appendServed(to out: inout [UInt8]) {
        for (index, revision) in served.enumerated() {
            out.append(UInt8(ascii: index == 0 ? "[" : ","))
            JSONText.append(string: revision, to: &out)
        }
        out.append(UInt8(ascii: "]"))
    }
}

extension Dialect {
    /// The two families of revisions, which differ in how refusals are numbered.
    package enum Kind: Sendable, Hashable { case legacy, modern }

    /// What one HTTP request shows of its revision.
    package enum Era: Sendable, Hashable {
        /// A revision with a handshake: the header's, or no header at all.
        case handshake(Dialect?)
        /// A revision without a handshake, or a body that claims to be of one.
        case modern
        /// A header that names no revision we know.
        case unknown
    }

    /// The header decides; without one, a body whose `_meta` names a version is modern, whatever it names.
    package static func era(ofHeader header: String?, bodyMetaVersion: String?) -> Era {
        guard let header else { return bodyMetaVersion == nil ? .handshake(nil) : .modern }
        if let dialect = named(header) { return .handshake(dialect) }
        return modern.contains(header) ? .modern : .unknown
    }
}
