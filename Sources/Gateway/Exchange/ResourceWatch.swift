import Governance
import MCPWire
import NIOCore
import Upstreams

/// A `resources/subscribe` or `resources/unsubscribe` of an agent with a session.
struct ResourceWatch {
    let gateway: Gateway
    let agent: Agent

    /// What the agent is answered.
    func answer(_ message: Message, _ id: RequestID, isWanted: Bool) async -> [UInt8] {
        do throws(Fault) {
            let target = try await target(of: message)
            let timeout = agent.tenant.timeout(of: target.upstream) ?? 30_000
            do throws(WatchFailure) {
                let answer = try await gateway.catalogues.watch(
                    target, isWanted, of: agent.tenant, for: agent.caller(), deadline: .now() + .milliseconds(timeout))
                return answer?.addressed(to: id) ?? Outgoing.emptyResult(id: id)
            } catch {
                throw fault(of: error, target.upstream)
            }
        } catch {
            return error.answer(to: id, era: agent.era, toolCall: false).body
        }
    }

    /// Where a read of that URI would go.
    private func target(of message: Message) async throws(Fault) -> Target {
        guard let uri = message.paramText("uri") else { throw .invalidParams("params.uri must be a string") }
        guard uri.utf8.count <= 4096, !uri.utf8.contains(0) else { throw .invalidParams("params.uri is too long") }
        let catalogue = await gateway.catalogues.catalogue(of: agent.tenant)
        let found: Target?
        do { found = try await gateway.resource(uri, for: agent.session, in: catalogue.others) } catch { throw .storeUnavailable }
        guard let target = found else { throw .unknownResource(uri) }
        guard agent.grant.scope.allowsAll(of: target.upstream) else { throw .scope(tool: "\(message.method ?? "") \(uri)") }
        return target
    }

    private func fault(of failure: WatchFailure, _ upstream: UpstreamName) -> Fault {
        switch failure {
        case .full: .tooManyWatches(most: Catalogues.mostWatches)
        case .sessionGone: .sessionNotFound
        case .storeUnavailable: .storeUnavailable
        case .upstream(.timedOut): .upstreamTimeout(upstream: upstream.text)
        case .upstream(let failure): .upstreamError(upstream: upstream.text, reason: failure.reason)
        }
    }
}
