/// What stands for the token of an agent that could show it only once, when it opened its stream.
package struct StreamPass: Sendable, Equatable {
    /// SHA-256 of the key that the agent shows from then on, 64 hex digits; the key itself is kept nowhere.
    package let digest: String
    /// What the token entitles its holder to.
    package let grant: Grant

    package init(digest: String, grant: Grant) {
        self.digest = digest
        self.grant = grant
    }
}
