package import Governance

/// A URI of a resource that an upstream named in a result.
package struct NamedURI: Sendable, Hashable {
    /// The upstream's own.
    package let uri: String
    /// Agents know another upstream's resource by it.
    package let isTaken: Bool

    package init(uri: String, isTaken: Bool) {
        self.uri = uri
        self.isTaken = isTaken
    }
}

/// Where a URI leads that a session was given.
package struct HandedURI: Sendable, Hashable {
    package let upstream: UpstreamName
    /// The URI is the upstream's own with its name in front.
    package let isPrefixed: Bool

    package init(upstream: UpstreamName, isPrefixed: Bool) {
        self.upstream = upstream
        self.isPrefixed = isPrefixed
    }
}

/// Remembers for each agent's session which upstream the URIs came from that results gave it, so that any node leads them back.
package protocol AddressBook: Sendable {
    /// Notes what results of the upstream named; answers which of them are to be shown with its name in front, because by themselves they
    /// lead to another. Of each session at most 1,000 are kept, the first.
    func note(
        _ uris: [NamedURI], of upstream: UpstreamName, in session: SessionID, of tenant: TenantName
    ) async throws(StoreError) -> Set<String>
    /// Where this one leads; nil where the session was not given it.
    func find(_ uri: String, in session: SessionID, of tenant: TenantName) async throws(StoreError) -> HandedURI?
}
