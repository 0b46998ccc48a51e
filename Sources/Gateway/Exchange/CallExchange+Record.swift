import Events
import Governance
import Logging
import MCPWire
import NIOCore
import Upstreams

/// Calls that their agents name by a key: what has come of one is told to whoever asks for it again, at any node, at no cost.
extension CallExchange {
    /// Where a call stands before it is sent.
    enum Standing {
        /// It is this node's to make, and paid for.
        case held(HeldCall)
        /// The agent's key has been here before.
        case known(Recollection)
    }

    /// What the call and its retries are known by; nil where the agent gave no key. All rounds of a call are of one record.
    func record(of call: ForwardedRequest, goingOnWith state: RoundState?) throws(Refusal) -> CallRecord? {
        let key: IdempotencyKey?
        do throws(WireError) { key = try call.key(besides: headerKey) } catch { throw .malformed(error) }
        let known = state?.round.record
        let named = key.flatMap { RecordName(Fingerprint.sha256(of: Array("satgate/record/v1\n\(agent.grant.token)\n\($0.text)".utf8))) }
        guard let name = named ?? known else { return nil }
        guard state == nil || name == known else { throw .state(.mismatch) }
        return CallRecord(name: name, fingerprint: Fingerprint.sha256(of: Array("satgate/print/v1\n".utf8) + call.canonicalText))
    }

    /// Tells what has come of a call whose key has been here before.
    func retell(_ standing: Standing, of routed: RoutedCall) async throws(Refusal) {
        guard case .known(let recollection) = standing else { return }
        switch recollection {
        case .done(let charged, let report): try await replay(report, charged, of: routed)
        case .asking(let asked):
            // Only who has no session was asked so, and can be asked again.
            guard rounds != nil, let message = try? Message(asked) else { throw .inProgress }
            await reply.finish(message.readdressed(to: routed.call.id))
        case .running, .nothing: throw .inProgress
        case .conflict: throw .conflict
        }
    }

    private func replay(_ report: [UInt8]?, _ charged: Credits, of routed: RoutedCall) async throws(Refusal) {
        publish(routed, "replayed")
        switch report.flatMap({ CallReport($0) }) {
        case .answer(let answer, let warning):
            let (status, body) = await rendered(answer, of: routed, warning: warning)
            await finish(body, status: status)
        case .failure(let failure, let upstream): throw CallReport.failure(failure, upstream).refusal ?? .resultNotKept(charged)
        case nil: throw .resultNotKept(charged)
        }
    }

    /// What is known of the call where its round cannot be taken; without a key it is only that.
    func recollection(of routed: RoutedCall, after flaw: StateFlaw) async throws(Refusal) -> Standing {
        guard let record = routed.record else { throw .state(flaw) }
        let standing = try await standing(of: routed) { _ throws(Refusal) in .known(try await recall(record)) }
        if case .known(.nothing) = standing { throw .state(flaw) }
        return standing
    }

    /// What is known of the call now.
    func recall(_ record: CallRecord) async throws(Refusal) -> Recollection {
        do throws(StoreError) {
            return try await gateway.records.recall(record, of: agent.tenant.name, waiter: gateway.node)
        } catch {
            throw .storeUnavailable
        }
    }

    /// Notes what the agent is told that the call waits for, or that it goes on. Where that fails, a retry waits instead of being told.
    func note(_ asked: [UInt8]?, of held: HeldCall) async {
        guard let record = held.charge.record, (asked?.count ?? 0) <= CallReport.limit else { return }
        do throws(StoreError) {
            try await gateway.records.note(asked, of: held.charge.call, in: record.name, of: agent.tenant.name)
        } catch {
            gateway.logger(of: agent).warning(
                "what an agent was asked is not noted", metadata: ["call": "\(held.charge.call)", "error": "\(error)"])
        }
    }
}

// MARK: Waiting

extension CallExchange {
    /// Looks how the call stands until it does not run elsewhere: when its end is told, and twice a second. `look` is given the call that
    /// may be taken over, if there is one.
    func standing(
        of routed: RoutedCall, _ look: (_ supplanted: CallID?) async throws(Refusal) -> Standing
    ) async throws(Refusal) -> Standing {
        guard let record = routed.record?.name else { return try await look(nil) }
        // Joined before the first look, so that no end is missed between that and the wait.
        let bell = gateway.bells.join(record)
        defer { gateway.bells.leave(record) }
        let deadline = NIODeadline.now() + .milliseconds(routed.timeout)
        var supplanted: CallID?
        var silentSince: NIODeadline?
        while true {
            let seen = bell.count
            let standing = try await look(supplanted)
            guard case .known(.running(let call, let node)) = standing else { return standing }
            guard .now() < deadline else { throw .inProgress }
            silentSince = node == gateway.node || gateway.isAlive(node) ? nil : silentSince ?? .now()
            if supplanted != call, let silentSince, silentSince + Self.silence < .now(), await mayRunTwice(routed) {
                supplanted = call
                continue
            }
            await bell.wait(after: seen, until: min(deadline, .now() + .milliseconds(.random(in: 400...500))), on: gateway.loop)
            // An agent that has gone leaves nothing to be given back.
            if Task.isCancelled { throw .inProgress }
        }
    }

    /// How long a node must be missing among the living before its calls are taken over: what this node knows of the living may be a second
    /// old, and a node that has just begun is not among them yet.
    private static var silence: TimeAmount { .milliseconds(1500) }

    /// Whether the call may be made again while the node that has it might still make it: the tenant trusts an upstream that says of this
    /// tool that running it twice does no more than running it once.
    private func mayRunTwice(_ routed: RoutedCall) async -> Bool {
        guard routed.call.kind == .toolCall, agent.tenant.trustsHints(routed.target.upstream) else { return false }
        let catalogue = await gateway.catalogues.catalogue(of: agent.tenant)
        return catalogue.target(for: routed.call.name)?.definition.isRepeatable ?? false
    }
}

extension CallRecord {
    /// By which the upstream knows the call and its repeats; the agent's own key cannot be told from it.
    var upstreamKey: String { Fingerprint.sha256(of: Array("satgate/upstream/v1\n\(name.text)".utf8)) }
}
