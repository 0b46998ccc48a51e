package import Governance
package import MCPWire

/// The own place of a tool, a prompt or a resource: its upstream, and the name or URI it has there.
package final class Target: Sendable, Hashable {
    package let upstream: UpstreamName
    package let tool: String
    /// The arguments that the upstream wants repeated in headers where it has no handshake.
    package let mirrored: [MirroredParameter]

    package init(upstream: UpstreamName, tool: String, mirrored: [MirroredParameter] = []) {
        self.upstream = upstream
        self.tool = tool
        self.mirrored = mirrored
    }

    package static func == (left: Target, right: Target) -> Bool {
        left === right || left.upstream == right.upstream && left.tool == right.tool && left.mirrored == right.mirrored
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(upstream)
        hasher.combine(tool)
    }
}

/// One tool of a tenant as agents know it.
package final class CatalogueEntry: Sendable {
    package let shownName: String
    package let target: Target
    package let definition: ToolDefinition

    package init(shownName: String, target: Target, definition: ToolDefinition) {
        self.shownName = shownName
        self.target = target
        self.definition = definition
    }
}

/// The tools of a tenant as one list, and what else its upstreams have.
package final class Catalogue: Sendable {
    /// In the order of the bytes of their shown names.
    package let entries: [CatalogueEntry]
    /// Prompts, resources and templates.
    package let others: ListedEntries
    /// Rises with each change that agents can see.
    package let version: Int64
    /// Upstreams that are not connected now; their last known tools may still be in the list.
    package let missing: [UpstreamName]
    /// All upstreams of the tenant's document.
    package let upstreamNames: Set<String>
    private let byName: [String: CatalogueEntry]

    /// `also`: entries that are not listed, but can be called by the names given here.
    init(
        entries: [CatalogueEntry], also hidden: [String: CatalogueEntry], others: ListedEntries = ListedEntries(), version: Int64 = 0,
        missing: [UpstreamName], upstreamNames: Set<String>
    ) {
        self.entries = entries
        self.others = others
        self.version = version
        self.missing = missing
        self.upstreamNames = upstreamNames
        byName = hidden.merging(entries.map { ($0.shownName, $0) }) { _, shown in shown }
    }

    /// The tool an agent means by this name: a listed one, or any by its prefixed form `upstream__tool`.
    package func target(for shownName: String) -> CatalogueEntry? { byName[shownName] }
}
