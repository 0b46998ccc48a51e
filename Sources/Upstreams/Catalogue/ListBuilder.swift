import Governance
import MCPWire

/// Merges the prompts, resources and templates of a tenant's upstreams: always the same lists from the same parts.
struct ListBuilder {
    let parts: [CatalogueBuilder.Part]
    let naming: Tenant.Naming

    /// The lists. Bare names and URIs go to the earliest in the document.
    func build() -> ListedEntries {
        let (prompts, hidden) = prompts()
        let (resources, _) = addresses(.resources)
        let (templates, leads) = addresses(.templates)
        return ListedEntries(
            [.prompts: Self.sorted(prompts), .resources: Self.sorted(resources), .templates: Self.sorted(templates)], hidden: hidden,
            leads: leads, providers: parts.filter(\.hasResources).map(\.upstream))
    }

    /// The listed prompts, named like tools; and all of them by their prefixed names.
    private func prompts() -> (listed: [ListedEntry], hidden: [String: ListedEntry]) {
        var listed: [ListedEntry] = []
        var hidden: [String: ListedEntry] = [:]
        let named = parts.map { part in
            (part, Self.distinct(part, .prompts).map { ($0, ToolNames.prefixed($0.name, by: part.upstream)) })
        }
        let prefixes = Set(named.flatMap { $0.1.map(\.1) })
        var taken: Set<String> = []
        for (part, prompts) in named {
            for (prompt, prefixed) in prompts {
                let isFree = !taken.contains(prompt.name) && !prefixes.contains(prompt.name)
                let shown: String? =
                    switch naming {
                    case .always: prefixed
                    case .onCollision: isFree ? prompt.name : prefixed
                    case .never: isFree ? prompt.name : nil
                    }
                if let shown { taken.insert(shown) }
                guard !part.isWithdrawn else { continue }
                let entry = Self.entry(prompt, of: part, as: shown ?? prefixed)
                hidden[prefixed] = entry
                if shown != nil { listed.append(entry) }
            }
        }
        return (listed, hidden)
    }

    /// Resources or templates under their own URIs; what an earlier upstream has too is shown as `upstream+uri`.
    private func addresses(_ listing: Listing) -> (listed: [ListedEntry], leads: [ListedEntries.Lead]) {
        var listed: [ListedEntry] = []
        var leads: [ListedEntries.Lead] = []
        var taken: Set<String> = []
        for part in parts {
            for definition in Self.distinct(part, listing) {
                let prefix = taken.contains(definition.name) ? "\(part.upstream.text)+" : ""
                let shown = prefix + definition.name
                guard taken.insert(shown).inserted, !part.isWithdrawn else { continue }
                let entry = Self.entry(definition, of: part, as: shown)
                listed.append(entry)
                guard listing == .templates, let template = URITemplate(shown) else { continue }
                leads.append(ListedEntries.Lead(template: template, target: entry.target, prefix: prefix))
            }
        }
        return (listed, leads)
    }

    private static func entry(_ definition: ListedDefinition, of part: CatalogueBuilder.Part, as shown: String) -> ListedEntry {
        ListedEntry(shownName: shown, target: Target(upstream: part.upstream, tool: definition.name), definition: definition)
    }

    /// The first of each name.
    private static func distinct(_ part: CatalogueBuilder.Part, _ listing: Listing) -> [ListedDefinition] {
        var seen: Set<String> = []
        return (part.others[listing] ?? []).filter { seen.insert($0.name).inserted }
    }

    private static func sorted(_ entries: [ListedEntry]) -> [ListedEntry] {
        entries.sorted { $0.shownName.utf8.lexicographicallyPrecedes($1.shownName.utf8) }
    }
}
