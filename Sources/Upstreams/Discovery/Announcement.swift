import Events
import Governance
import Logging
import MCPWire

/// Tells dashboards and the log what has changed of an upstream: once in the cluster, by the node that found it.
struct Announcement {
    private let surroundings: Surroundings
    private let tenant: TenantName
    private let document: UpstreamDocument

    /// Changed definitions that are told one by one.
    private static let mostChanges = 20

    init(_ surroundings: Surroundings, _ tenant: TenantName, _ document: UpstreamDocument) {
        self.surroundings = surroundings
        self.tenant = tenant
        self.document = document
    }

    /// `listed`: how many tools the tenant's agents see now, where that is another list than before; `others`: what is known of the tenant's
    /// other upstreams.
    func tell(_ before: UpstreamRecord?, _ after: UpstreamRecord, listed: Int?, beside others: [UpstreamName: UpstreamRecord] = [:]) {
        switch (before?.standing, after.standing) {
        case (.up, .up), (.down, .down): break
        case (_, .up): cameUp(after)
        case (_, .down(let reason)): wentDown(reason)
        }
        disguised(before, after)
        shadowing(before, after, others)
        guard let before, before.listedAt != nil else { return }
        let isOfTools = before.tools != after.tools || before.isWithdrawn != after.isWithdrawn || before.pins != after.pins
        if let listed, isOfTools { publish(.toolsChanged, ["upstream": .text(name), "tools": .integer(Int64(listed))]) }
        definitions(before, after)
    }

    private var name: String { document.name.text }

    private func cameUp(_ record: UpstreamRecord) {
        let terms = record.terms
        publish(
            .upstreamUp,
            [
                "upstream": .text(name), "transport": .text(terms?.transport.rawValue ?? ""), "revision": .text(terms?.revision ?? ""),
                "tools": .integer(Int64(record.tools.count)),
            ])
        let withheld = record.tools.count(where: \.requiresTask)
        surroundings.logger.info(
            "upstream up", metadata: ["upstream": "\(name)", "tools": "\(record.tools.count)", "withheld": "\(withheld)"])
    }

    private func wentDown(_ reason: String) {
        publish(.upstreamDown, ["upstream": .text(name), "reason": .text(reason)])
        surroundings.logger.warning("upstream down", metadata: ["upstream": "\(name)", "reason": "\(reason)"])
    }

    /// Each tool that is defined otherwise than before, with what was approved and what is now.
    private func definitions(_ before: UpstreamRecord, _ after: UpstreamRecord) {
        let old = Dictionary(before.tools.map { ($0.name, $0.bytes) }) { first, _ in first }
        let changed = after.tools.filter { tool in old[tool.name].map { $0 != tool.bytes } ?? false }
        for tool in changed.prefix(Self.mostChanges) {
            let now = UpstreamRecord.pin(of: tool)
            let approved = after.pins[tool.name] ?? now
            publish(
                .toolsChanged,
                [
                    "upstream": .text(name), "tool": .text(tool.name), "approved": .text(approved), "now": .text(now),
                    "withheld": .flag(document.pinsTools && approved != now),
                ])
        }
    }

    /// Each tool of a new definition in which something is written that people do not see.
    private func disguised(_ before: UpstreamRecord?, _ after: UpstreamRecord) {
        guard before?.tools != after.tools else { return }
        let known = Set(before?.tools.map(\.bytes) ?? [])
        let disguised = after.tools.filter { !known.contains($0.bytes) && HiddenText.isIn($0.bytes) }
        for tool in disguised.prefix(Self.mostChanges) {
            publish(
                .toolsChanged,
                [
                    "upstream": .text(name), "tool": .text(tool.name), "now": .text(UpstreamRecord.pin(of: tool)),
                    "hiddenText": .flag(true),
                ])
        }
        guard !disguised.isEmpty else { return }
        surroundings.logger.warning(
            "tools with hidden text", metadata: ["upstream": "\(name)", "tools": "\(disguised.count)"])
    }

    /// Each tool whose new definition names a tool of another upstream, and each of another that names one of these, which are new.
    private func shadowing(_ before: UpstreamRecord?, _ after: UpstreamRecord, _ others: [UpstreamName: UpstreamRecord]) {
        guard before?.tools != after.tools, !others.isEmpty else { return }
        let known = Set(before?.tools.map(\.bytes) ?? [])
        let own = [document.name: after.tools.map(\.name)]
        let all = ForeignNames(others.mapValues { $0.tools.map(\.name) }.merging(own) { $1 })
        var found = naming(all, in: after.tools.filter { !known.contains($0.bytes) }, of: document.name)
        let names = Set(after.tools.map(\.name)).subtracting(before?.tools.map(\.name) ?? [])
        if !names.isEmpty {
            for (upstream, record) in others {
                let here = ForeignNames([document.name: Array(names), upstream: record.tools.map(\.name)])
                found += naming(here, in: record.tools, of: upstream)
            }
        }
        for data in found.prefix(Self.mostChanges) { publish(.toolsChanged, data) }
        guard !found.isEmpty else { return }
        surroundings.logger.warning(
            "tools that name other upstreams' tools", metadata: ["upstream": "\(name)", "tools": "\(found.count)"])
    }

    private func naming(_ names: ForeignNames, in tools: [ToolDefinition], of upstream: UpstreamName) -> [Event.Fields] {
        tools.compactMap { tool in
            names.first(in: tool.bytes, of: upstream).map { other in
                [
                    "upstream": .text(upstream.text), "tool": .text(tool.name), "now": .text(UpstreamRecord.pin(of: tool)),
                    "namesTool": .text(other),
                ]
            }
        }
    }

    private func publish(_ kind: Event.Kind, _ data: Event.Fields) {
        surroundings.events.publish(Event(kind, tenant: tenant, node: surroundings.node, data: data))
    }
}
