package import Governance

/// A node in a list.
package struct NodeItem: Encodable, Sendable {
    let node: String
    @OrNull var host: String?
    @OrNull var version: String?
    @OrNull var startedAt: String?
    let lastSeen: String
    @OrNull var streams: Int?
    @OrNull var calls: Int?
    @OrNull var rssBytes: Int64?
    let isThis: Bool

    /// `isThis`: it is the one that answers.
    package init(_ observed: ObservedNode, isThis: Bool) {
        node = observed.id.text
        host = observed.facts?.host
        version = observed.facts?.version
        startedAt = observed.facts?.started.instant
        lastSeen = observed.lastSeen.instant
        streams = observed.facts?.streams
        calls = observed.facts?.calls
        rssBytes = observed.facts?.memory
        self.isThis = isThis
    }
}
