/// Which events a reader wants.
package struct EventFilter: Sendable, Hashable {
    /// Nil: all.
    package var sources: Set<EventSource>?
    /// Nil: all.
    package var types: Set<String>?
    /// Only what tells of something that `hard` mode would have refused.
    package var onlyUnenforced: Bool

    package init(sources: Set<EventSource>? = nil, types: Set<String>? = nil, onlyUnenforced: Bool = false) {
        self.sources = sources
        self.types = types
        self.onlyUnenforced = onlyUnenforced
    }

    /// Whether events of the source are wanted at all.
    package func wants(_ source: EventSource) -> Bool { sources?.contains(source) ?? true }

    /// Whether an event of a wanted source is wanted.
    package func admits(type: String, isUnenforced: Bool) -> Bool {
        (types?.contains(type) ?? true) && (isUnenforced || !onlyUnenforced)
    }

    /// Whether it can be the type of an event: at most 64 small letters and `_`.
    package static func isType(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy { $0 == UInt8(ascii: "_") || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")) }
    }
}
