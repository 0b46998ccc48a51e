import Governance
import MCPWire
import Upstreams

extension CallExchange {
    /// Finds where the request goes, whether this token may have it sent there, and what that costs.
    func route(_ call: ForwardedRequest, _ record: CallRecord?) async throws(Refusal) -> RoutedCall {
        let catalogue = await gateway.catalogues.catalogue(of: agent.tenant)
        let (target, price, tool) = try await destination(of: call, in: catalogue)
        if let headers, let header = call.misquoted(target.mirrored, by: headers.values) { throw .headerMismatch(header) }
        let timeout = agent.tenant.timeout(of: target.upstream) ?? 30_000
        let view = call.kind == .resource ? Self.view(of: call, at: target, in: catalogue.others) : nil
        let others = catalogue.others
        let isUnclear = call.hasContent && others.hasRivals && others.mayHave(target.upstream)
        return RoutedCall(
            call: record.map { call.keyed($0.upstreamKey) } ?? call, target: target, price: price, tool: tool, timeout: timeout, view: view,
            rivals: isUnclear ? others : nil, record: record)
    }

    private func destination(of call: ForwardedRequest, in catalogue: Catalogue) async throws(Refusal) -> (Target, Credits, tool: String?) {
        let tenant = agent.tenant
        switch call.kind {
        case .toolCall:
            guard let entry = catalogue.target(for: call.name) else { throw .unknownTool(call.name) }
            try check(entry.shownName, entry.target, among: catalogue.upstreamNames, as: call.name)
            let target = entry.target
            return (target, tenant.price(ofTool: target.tool, at: target.upstream, shown: entry.shownName), entry.shownName)
        case .prompt, .promptCompletion:
            guard let entry = catalogue.others.prompt(for: call.name) else { throw .unknownPrompt(call.name) }
            try check(entry.shownName, entry.target, among: catalogue.upstreamNames, as: "\(call.method) \(call.name)")
            guard call.kind == .prompt else { return (entry.target, .zero, nil) }
            let target = entry.target
            return (target, tenant.price(of: call.method, target.tool, at: target.upstream, shown: entry.shownName), nil)
        case .resource, .resourceCompletion:
            let template = call.kind == .resourceCompletion ? catalogue.others.template(for: call.name) : nil
            var found = template
            if found == nil { found = try await resource(call.name, in: catalogue.others) }
            guard let target = found else { throw .unknownResource(call.name) }
            guard agent.grant.scope.allowsAll(of: target.upstream) else { throw .outOfScope("\(call.method) \(call.name)") }
            guard call.kind == .resource else { return (target, .zero, nil) }
            return (target, tenant.price(of: call.method, target.tool, at: target.upstream, shown: call.name), nil)
        }
    }

    private func resource(_ uri: String, in entries: ListedEntries) async throws(Refusal) -> Target? {
        do { return try await gateway.resource(uri, for: agent.session, in: entries) } catch { throw .storeUnavailable }
    }

    private func check(_ name: String, _ target: Target, among upstreams: Set<String>, as label: String) throws(Refusal) {
        guard agent.grant.scope.allows(name: name, bare: target.tool, upstream: target.upstream, among: upstreams) else {
            throw .outOfScope(label)
        }
    }

    /// What was asked for is shown as it was asked for.
    private static func view(of call: ForwardedRequest, at target: Target, in entries: ListedEntries) -> ResourceView {
        ResourceView { uri in uri == target.tool ? call.name : entries.shownURI(uri, of: target.upstream) }
    }
}
