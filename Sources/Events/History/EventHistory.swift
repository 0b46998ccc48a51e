package import Governance

/// The events that are kept: each tenant's from both of its streams, in the order of their numbers.
package protocol EventHistory: Sendable {
    /// The tenants there are, by name, and the source of no tenant.
    func sources() async throws(StoreError) -> [EventSource]
    /// The oldest `limit` events numbered higher than `seq`.
    func page(of source: EventSource, after seq: Int64, limit: Int) async throws(StoreError) -> EventPage
    /// The newest `limit` events, of those numbered lower than `seq` where it is given; the oldest of them first.
    func newest(of source: EventSource, before seq: Int64?, limit: Int) async throws(StoreError) -> EventPage
    /// Unix milliseconds by the clock that stamps events.
    func now() -> Int64
}

/// What is published as it happens. Nothing is kept for whoever does not listen.
package protocol EventBroadcast: Sendable {
    /// Hears all events of all tenants until cancelled; both callbacks must not block.
    ///
    /// `onReady`: from now on nothing is missed, at first and whenever something may have been.
    func listen(onReady: @escaping @Sendable () -> Void, onEvent: @escaping @Sendable (EventRecord) -> Void) async throws
}
