/// Values by name: the exact name's, else the longest matching `prefix*`'s, else that of `*`.
package struct Patterns<Value: Sendable & Hashable>: Sendable, Hashable {
    private let exact: [String: Value]
    /// Longest prefix first.
    private let prefixes: [Prefix]

    private struct Prefix: Sendable, Hashable {
        let text: String
        let value: Value
    }

    /// By names and patterns that end in `*`.
    package init(_ entries: [String: Value] = [:]) {
        exact = entries.filter { !$0.key.hasSuffix("*") }
        prefixes =
            entries.filter { $0.key.hasSuffix("*") }
            .map { Prefix(text: String($0.key.dropLast()), value: $0.value) }
            .sorted { ($0.text.utf8.count, $1.text) > ($1.text.utf8.count, $0.text) }
    }

    /// As they were given, by name or pattern.
    package var entries: [String: Value] {
        prefixes.reduce(into: exact) { entries, prefix in entries[prefix.text + "*"] = prefix.value }
    }

    package var isEmpty: Bool { exact.isEmpty && prefixes.isEmpty }

    /// What the name stands for; nil where nothing matches.
    package subscript(name: String) -> Value? { exact[name] ?? prefixes.first { name.hasPrefix($0.text) }?.value }
}
