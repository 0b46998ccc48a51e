/// What a feed holds and reads at most; times in milliseconds.
package struct FeedLimits: Sendable, Hashable {
    /// Events in memory for all readers together.
    package var ringItems = 32_768
    /// Their bytes.
    package var ringBytes = 24 << 20
    /// Events read at once.
    package var page = 256
    /// Events handed to a reader at once.
    package var batch = 128
    /// Bytes after which no more is handed to a reader at once.
    package var batchBytes = 64 << 10
    /// Between two looks at a source's streams that nothing calls for.
    package var poll: Int64 = 4_000
    /// How long it goes on without a reader.
    package var linger: Int64 = 20_000
    /// Sources that are followed.
    package var sources = 20_000
    /// Sources that readers have named though there are no such tenants.
    package var named = 4_096
    /// Newest events that are looked through for where a new source begins.
    package var widest = 4_096
    /// Readers for whom something is read at once.
    package var width = 8

    package init() {}

    /// For a feed whose events are not published: it hears of them by its own looks only, about one and at most two a second.
    package static var unrung: FeedLimits {
        var limits = FeedLimits()
        limits.poll = 600
        return limits
    }
}
