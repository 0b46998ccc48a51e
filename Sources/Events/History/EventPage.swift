/// Events of one source as they are kept, oldest first, and what of them there is.
package struct EventPage: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package let seq: Int64
        /// Nil for what is no event.
        package let record: EventRecord?

        package init(seq: Int64, record: EventRecord?) {
            self.seq = seq
            self.record = record
        }
    }

    package var entries: [Entry]
    /// Of the tenant's books as they are now; empty where there are none.
    package var epoch: String
    /// The highest of the oldest numbers in each of the source's streams: below it a missing number may have been trimmed.
    package var horizon: Int64
    /// The highest number kept; 0: none.
    package var last: Int64

    package init(entries: [Entry], epoch: String, horizon: Int64, last: Int64) {
        self.entries = entries
        self.epoch = epoch
        self.horizon = horizon
        self.last = last
    }
}
