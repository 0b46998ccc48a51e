import Governance
import MCPWire
import NIOCore
import Upstreams

/// What agents want to know of resources, and have to say to all servers.
extension Gateway {
    /// Has upstreams tell of these resources, which an agent without a session knows by these URIs; answers those of which they do.
    func watch(_ targets: [(uri: String, target: Target)], for agent: Agent) async -> [(uri: String, target: Target)] {
        await withTaskGroup(of: String?.self) { group in
            for (uri, target) in targets {
                group.addTask { [self] in
                    do throws(WatchFailure) {
                        _ = try await catalogues.watch(
                            target, true, of: agent.tenant, for: agent.caller(), deadline: .now() + .seconds(5))
                        return uri
                    } catch {
                        return nil
                    }
                }
            }
            var told: Set<String> = []
            for await uri in group { if let uri { told.insert(uri) } }
            return targets.filter { told.contains($0.uri) }
        }
    }

    /// The agent's stream has closed: it does not want to know of them any more.
    func unwatch(_ targets: [(uri: String, target: Target)], for agent: Agent) {
        guard !targets.isEmpty else { return }
        start { [self] in
            for (_, target) in targets {
                _ = try? await catalogues.watch(target, false, of: agent.tenant, for: agent.caller(), deadline: .now() + .seconds(5))
            }
        }
    }

    /// Goes on with what nodes that are gone have watched for an agent whose stream is here; false where it watches nothing.
    @discardableResult
    func takeOverWatches(of session: Session) async -> Bool {
        guard let tenant = tenants.tenant(session.tenant) else { return false }
        return await catalogues.review(session.id, of: tenant, takingOver: true)
    }

    /// Passes a notification on to all upstreams that the agent has sessions with.
    func pass(_ message: Message, of agent: Agent) {
        start { [self] in await catalogues.notify(message.relayed(), of: agent.tenant, for: agent.caller()) }
    }
}
