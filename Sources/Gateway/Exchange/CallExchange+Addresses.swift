import Governance
import Logging
import MCPWire
import Upstreams

extension CallExchange {
    /// Resources that one answer may name; more of them keep their URIs and are led nowhere in particular.
    private static var mostNamed: Int { 256 }
    /// Bytes of a URI that is remembered.
    fileprivate static var longestURI: Int { 2048 }

    /// The URIs by which the agent is to know the resources that the answer names, where they differ from the upstream's own. Any node will
    /// lead them all back to this upstream.
    func shownURIs(in answer: Answer, of routed: RoutedCall) async -> [String: String] {
        let upstream = routed.target.upstream
        guard let entries = routed.rivals else { return [:] }
        var shown: [String: String] = [:]
        var unlisted: [NamedURI] = []
        for uri in answer.uris(limit: Self.mostNamed) {
            if let known = entries.listedURI(uri, of: upstream) {
                if known != uri { shown[uri] = known }
            } else if uri.utf8.count <= Self.longestURI {
                unlisted.append(NamedURI(uri: uri, isTaken: entries.lists(uri)))
            }
        }
        guard !unlisted.isEmpty else { return shown }
        do throws(StoreError) {
            let prefixed = try await gateway.addresses.note(unlisted, of: upstream, in: agent.session.id, of: agent.tenant.name)
            for uri in prefixed { shown[uri] = ListedEntries.prefixed(uri, by: upstream) }
        } catch {
            gateway.logger(of: agent).warning(
                "an answer's URIs are not remembered", metadata: ["session": "\(agent.session.id)", "error": "\(error)"])
        }
        return shown
    }
}

extension Gateway {
    /// Where the URI leads that an agent's session knows: at whoever lists it, at whoever gave it to the session, else where the lists
    /// suggest.
    func resource(_ uri: String, for session: Session, in entries: ListedEntries) async throws(StoreError) -> Target? {
        // The upstream's name may stand in front of it.
        let isRemembered = uri.utf8.count <= CallExchange.longestURI + 33
        if isRemembered, entries.hasRivals, !entries.lists(uri),
            let handed = try await addresses.find(uri, in: session.id, of: session.tenant),
            entries.mayHave(handed.upstream)
        {
            return Target(upstream: handed.upstream, tool: handed.isPrefixed ? ListedEntries.bare(uri, of: handed.upstream) : uri)
        }
        return entries.resource(for: uri)
    }
}
