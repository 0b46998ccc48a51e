/// How an upstream introduces itself.
package struct Introduction: Sendable, Hashable {
    /// Its name and version in one text, as it tells them.
    package let server: String?
    /// How it wants to be used, in words for a model; nil where it says nothing, or more than `mostBytes`.
    package let instructions: String?

    /// Bytes that instructions may have.
    package static let mostBytes = 64 << 10

    init(name: String?, version: String?, instructions: String?) {
        server = name.map { name in version.map { "\(name) \($0)" } ?? name }
        self.instructions = instructions.flatMap { $0.isEmpty || $0.utf8.count > Self.mostBytes ? nil : $0 }
    }
}
