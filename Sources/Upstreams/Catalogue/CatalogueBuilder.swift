import Governance
import MCPWire

/// Merges the lists of a tenant's upstreams: always the same catalogue from the same lists.
struct CatalogueBuilder {
    /// One upstream's part, in document order.
    struct Part {
        let upstream: UpstreamName
        /// As it last listed them.
        let tools: [ToolDefinition]
        let isMissing: Bool
        /// Its tools keep their names, but leave the list.
        let isWithdrawn: Bool
        /// So do these of its tools.
        let withheld: Set<String>
        /// As it last listed them.
        let others: [Listing: [ListedDefinition]]
        /// It says that it has resources, listed or not.
        let hasResources: Bool

        init(
            upstream: UpstreamName, tools: [ToolDefinition], isMissing: Bool, isWithdrawn: Bool = false, withheld: Set<String> = [],
            others: [Listing: [ListedDefinition]] = [:], hasResources: Bool = false
        ) {
            self.upstream = upstream
            self.tools = tools
            self.isMissing = isMissing
            self.isWithdrawn = isWithdrawn
            self.withheld = withheld
            self.others = others
            self.hasResources = hasResources
        }

        /// The part of an upstream of which the cluster knows this.
        init(_ document: UpstreamDocument, _ record: UpstreamRecord?) {
            self.init(
                upstream: document.name, tools: record?.tools ?? [], isMissing: record?.standing != .up,
                isWithdrawn: record?.isWithdrawn ?? false,
                withheld: document.pinsTools ? Set(record?.changedTools ?? []) : [],
                others: record?.others ?? [:], hasResources: record?.terms?.capabilities.contains(.resources) ?? false)
        }
    }

    /// Named `ping` is the gateway's own tool.
    private static let builtIn = "ping"

    private let naming: Tenant.Naming
    private let parts: [Part]

    init(_ parts: [Part], naming: Tenant.Naming) {
        self.parts = parts
        self.naming = naming
    }

    /// The catalogue. Bare names go to the earliest in the document; the others are prefixed, or, where `naming` is `never`, not listed.
    func build(version: Int64 = 0) -> Catalogue {
        var entries: [CatalogueEntry] = []
        var hidden: [String: CatalogueEntry] = [:]
        let named = parts.map { part in (part, Self.callable(part)) }
        let prefixes = Set(named.flatMap { $0.1.map(\.prefixed) })
        var taken: Set<String> = [Self.builtIn]
        for (part, tools) in named {
            for (tool, prefixed) in tools {
                let isFree = !taken.contains(tool.name) && !prefixes.contains(tool.name)
                let shown = shownName(tool.name, prefixed: prefixed, isFree: isFree)
                if let shown { taken.insert(shown) }
                guard !part.isWithdrawn, !part.withheld.contains(tool.name) else { continue }
                let entry = CatalogueEntry(
                    shownName: shown ?? prefixed, target: Target(upstream: part.upstream, tool: tool.name, mirrored: tool.mirrored ?? []),
                    definition: tool)
                hidden[prefixed] = entry
                if shown != nil { entries.append(entry) }
            }
        }
        entries.sort { $0.shownName.utf8.lexicographicallyPrecedes($1.shownName.utf8) }
        return Catalogue(
            entries: entries, also: hidden, others: ListBuilder(parts: parts, naming: naming).build(), version: version,
            missing: parts.filter(\.isMissing).map(\.upstream), upstreamNames: Set(parts.map(\.upstream.text)))
    }

    /// Nil where the tool is not listed.
    private func shownName(_ name: String, prefixed: String, isFree: Bool) -> String? {
        switch naming {
        case .always: return prefixed
        case .onCollision: return isFree ? name : prefixed
        case .never: return isFree ? name : name == Self.builtIn ? prefixed : nil
        }
    }

    /// The tools that can be called without a task, the first of each name, with their prefixed names.
    private static func callable(_ part: Part) -> [(tool: ToolDefinition, prefixed: String)] {
        var seen: Set<String> = []
        return part.tools.filter { !$0.requiresTask && seen.insert($0.name).inserted }
            .map { ($0, ToolNames.prefixed($0.name, by: part.upstream)) }
    }
}
