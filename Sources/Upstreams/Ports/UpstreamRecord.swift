package import Governance
package import MCPWire

/// What the cluster knows of one upstream of a tenant, as the node that looks after the tenant last found it.
package struct UpstreamRecord: Sendable, Hashable {
    /// Where it stands.
    package enum Standing: Sendable, Hashable {
        case up
        case down(reason: String)
    }

    /// A failure that is past.
    package struct Failure: Sendable, Hashable {
        package var reason: String
        /// Unix ms.
        package var at: Int64

        package init(reason: String, at: Int64) {
            self.reason = reason
            self.at = at
        }
    }

    /// SHA-256 (hex) of the part of the tenant's document it was found under; another one makes the record void.
    package var document: String
    package var standing: Standing
    /// Unix ms of the last change of `standing`.
    package var since: Int64
    /// What was last agreed with it; nil until it was up once. The id in it is nobody's to use.
    package var terms: SessionTerms?
    /// Its name and version as it tells them.
    package var server: String?
    /// How it wants to be used, in words for a model.
    package var instructions: String?
    /// As last listed; kept while it is down.
    package var tools: [ToolDefinition]
    /// Its prompts, resources and templates as last listed, kept while it is down; no list is empty.
    package var others: [Listing: [ListedDefinition]]
    /// Unix ms of the last good list of tools; nil before.
    package var listedAt: Int64?
    /// Its tools keep their names, but have left the list because it was down too long.
    package var isWithdrawn: Bool
    /// SHA-256 (hex) of each tool's definition at first sight or at its last approval, by the tool's name.
    package var pins: [String: String]
    /// How long the last good discovery took, ms.
    package var latency: Int64?
    package var lastFailure: Failure?
    /// The node that found all this.
    package var node: NodeID

    package init(document: String, standing: Standing, since: Int64, node: NodeID) {
        self.document = document
        self.standing = standing
        self.since = since
        self.node = node
        tools = []
        others = [:]
        isWithdrawn = false
        pins = [:]
    }
}
