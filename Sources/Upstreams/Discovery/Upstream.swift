import Governance
import MCPWire
import NIOCore
import Synchronization

/// One upstream of one tenant, as long as its document stays the same.
final class Upstream: Sendable {
    /// No other has it, also after this one is gone.
    let serial: Int
    let document: UpstreamDocument
    /// Of what decides where and what it is.
    let fingerprint: String
    /// Nil where the document's URL or a header cannot be sent.
    let transport: (any UpstreamTransport)?
    /// The way of this node's calls; nil without a transport.
    let calls: UpstreamCalls?
    /// Rung when whoever looks after the upstream should do so before the time.
    let wanted = Bell()
    /// Rung when it is retired and nothing of it is at work any more.
    let finished = Bell()
    private let retired = Atomic(false)
    private static let made = Atomic(0)

    init(
        _ document: UpstreamDocument, of tenant: TenantName, sessions: any UpstreamSessions, audience: Audience, timings: UpstreamTimings,
        by transports: Transports
    ) {
        serial = Self.made.add(1, ordering: .relaxed).newValue
        self.document = document
        fingerprint = Fingerprint.of(document)
        transport = transports.transport(to: document, of: tenant)
        calls = transport.map { [wanted] transport in
            UpstreamCalls(
                limits: document.limits,
                sessions: CallSessions(of: tenant, with: document, over: transport, in: sessions, audience: audience),
                timings: timings, wanted: wanted)
        }
    }

    var name: UpstreamName { document.name }

    /// True when the tenant's document no longer has it: calls under way end as they would, nothing new is begun.
    var isRetired: Bool { retired.load(ordering: .relaxed) }

    /// Takes it out of use.
    func retire() {
        retired.store(true, ordering: .relaxed)
        wanted.ring()
    }

    /// Sends an agent's request; `terms` is what was last agreed with the upstream, by any node.
    func forward(
        _ call: ForwardedRequest, to target: Target, for caller: Caller, terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> UpstreamExchange {
        guard let calls else { throw .notDispatched(reason: "bad URL or header in the tenant's document") }
        return try await calls.forward(call, to: target, for: caller, terms: terms, on: lane, before: deadline)
    }
}
