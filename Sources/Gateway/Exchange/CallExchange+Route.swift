import Governance
import MCPWire
import Upstreams

extension CallExchange {
    /// Finds where the request goes, whether this token may have it sent there, and what that costs.
    func route(_ call: ForwardedRequest, _ record: CallRecord?) async throws(Refusal) -> RoutedCall {
        let catalogue = await gateway.catalogues.catalogue(of: agent.tenant)
        let destination = try await destination(of: call, in: catalogue)
        let target = destination.target
        if let headers, let header = call.misquoted(target.mirrored, by: headers.values) { throw .headerMismatch(header) }
        let timeout = agent.tenant.timeout(of: target.upstream) ?? 30_000
        let view = call.kind == .resource ? Self.view(of: call, at: target, in: catalogue.others) : nil
        let others = catalogue.others
        let isUnclear = call.hasContent && others.hasRivals && others.mayHave(target.upstream)
        return RoutedCall(
            call: record.map { call.keyed($0.upstreamKey) } ?? call, target: target, price: destination.price, tool: destination.tool,
            timeout: timeout, view: view,
            rivals: isUnclear ? others : nil, record: record)
    }

    private func destination(of call: ForwardedRequest, in catalogue: Catalogue) async throws(Refusal) -> Destination {
        switch call.kind {
        case .toolCall: try tool(call, in: catalogue)
        case .prompt, .promptCompletion: try prompt(call, in: catalogue)
        case .resource, .resourceCompletion: try await resource(call, in: catalogue.others)
        }
    }

    private func tool(_ call: ForwardedRequest, in catalogue: Catalogue) throws(Refusal) -> Destination {
        guard let entry = catalogue.target(for: call.name) else { throw .unknownTool(call.name) }
        try check(entry.shownName, entry.target, among: catalogue.upstreamNames, as: call.name)
        let target = entry.target
        let price = agent.tenant.price(ofTool: target.tool, at: target.upstream, shown: entry.shownName)
        return Destination(target: target, price: price, tool: entry.shownName)
    }

    private func prompt(_ call: ForwardedRequest, in catalogue: Catalogue) throws(Refusal) -> Destination {
        guard let entry = catalogue.others.prompt(for: call.name) else { throw .unknownPrompt(call.name) }
        try check(entry.shownName, entry.target, among: catalogue.upstreamNames, as: "\(call.method) \(call.name)")
        return destination(entry.target, of: call, isPriced: call.kind == .prompt, shown: entry.shownName)
    }

    @inline(never)  // keeps what only resources need out of the frame of a tool's call
    private func resource(_ call: ForwardedRequest, in entries: ListedEntries) async throws(Refusal) -> Destination {
        var found = call.kind == .resourceCompletion ? entries.template(for: call.name) : nil
        if found == nil { found = try await resource(call.name, in: entries) }
        guard let target = found else { throw .unknownResource(call.name) }
        guard agent.grant.scope.allowsAll(of: target.upstream) else {
            throw .outOfScope("\(call.method) \(call.name)", .all(of: target.upstream))
        }
        return destination(target, of: call, isPriced: call.kind == .resource, shown: call.name)
    }

    private func destination(_ target: Target, of call: ForwardedRequest, isPriced: Bool, shown: String) -> Destination {
        guard isPriced else { return Destination(target: target, price: .zero, tool: nil) }
        let price = agent.tenant.price(of: call.method, target.tool, at: target.upstream, shown: shown)
        return Destination(target: target, price: price, tool: nil)
    }

    private func resource(_ uri: String, in entries: ListedEntries) async throws(Refusal) -> Target? {
        do { return try await gateway.resource(uri, for: agent.session, in: entries) } catch { throw .storeUnavailable }
    }

    private func check(_ name: String, _ target: Target, among upstreams: Set<String>, as label: String) throws(Refusal) {
        guard agent.grant.scope.allows(name: name, bare: target.tool, upstream: target.upstream, among: upstreams) else {
            throw .outOfScope(label, .tool(name, target, among: upstreams))
        }
    }

    /// What was asked for is shown as it was asked for.
    private static func view(of call: ForwardedRequest, at target: Target, in entries: ListedEntries) -> ResourceView {
        ResourceView { uri in uri == target.tool ? call.name : entries.shownURI(uri, of: target.upstream) }
    }
}

/// Where a request goes and what it costs there.
private struct Destination {
    let target: Target
    let price: Credits
    /// The name by which agents know the tool; nil where none is called.
    let tool: String?
}
