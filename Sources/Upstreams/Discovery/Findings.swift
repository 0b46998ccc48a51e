import Governance
import MCPWire
import NIOCore

extension UpstreamRecord {
    /// The record after a good discovery.
    func found(
        _ lists: UpstreamLists, in session: any UpstreamSession, document: String, latency: Int64?, by node: NodeID, at now: Int64
    ) -> UpstreamRecord {
        var record = self
        if record.standing != .up { record.since = now }
        record.standing = .up
        record.document = document
        record.terms = session.terms.anonymous
        record.server = session.server ?? server
        record.instructions = session.introduction.map { $0.instructions } ?? instructions
        record.tools = lists.tools
        record.others = record.others.merging(lists.others) { _, new in new }.filter { !$0.value.isEmpty && session.offers($0.key) }
        record.listedAt = now
        record.isWithdrawn = false
        for tool in lists.tools where record.pins[tool.name] == nil { record.pins[tool.name] = UpstreamRecord.pin(of: tool) }
        record.latency = latency ?? self.latency
        record.node = node
        return record
    }

    /// The record after a failed attempt; tools leave the list when it is down for longer than `staleFor` ms.
    func failed(_ reason: String, document: String, staleFor: Int64, by node: NodeID, at now: Int64) -> UpstreamRecord {
        var record = self
        if case .up = standing { record.since = now }
        record.standing = .down(reason: reason)
        record.document = document
        record.lastFailure = Failure(reason: reason, at: now)
        record.isWithdrawn = now - record.since > staleFor
        record.node = node
        return record
    }

    /// Whether writing this record instead of `other` is worth telling the cluster.
    func says(moreThan other: UpstreamRecord?) -> Bool {
        guard let other else { return true }
        return standing != other.standing || isWithdrawn != other.isWithdrawn || terms != other.terms || server != other.server
            || instructions != other.instructions
            || document != other.document || tools != other.tools || others != other.others || pins != other.pins
    }
}

extension SessionTerms {
    /// The terms without the session's own id, which is nobody else's to use.
    var anonymous: SessionTerms {
        SessionTerms(
            transport: transport, revision: revision, id: id == nil ? nil : "-", capabilities: capabilities)
    }
}
