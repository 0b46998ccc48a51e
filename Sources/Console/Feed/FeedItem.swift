package import Events
import Governance
package import NIOCore

/// An event as all readers of a feed are sent it: made once, shared by them.
package struct FeedItem: Sendable {
    package let source: EventSource
    /// Its place among the events of its source; nil for what is only published, and for a gap that ends nowhere.
    package let position: EventCursor.Position?
    let type: String
    let isUnenforced: Bool
    /// It is a gap after which the books are others than before.
    let isReset: Bool
    /// The JSON.
    package let text: ByteBuffer

    init(_ record: EventRecord) {
        source = record.source
        position = record.seq.map { .init(epoch: record.epoch, seq: $0) }
        type = record.type
        isUnenforced = record.isUnenforced
        isReset = false
        text = ByteBuffer(bytes: record.text)
    }

    /// The event `gap`; where `from` is nil it carries the position from which on a cursor counts anew.
    init(gapIn source: EventSource, from: Int64?, to position: EventCursor.Position) {
        self.source = source
        self.position = from == nil ? position : nil
        type = "gap"
        isUnenforced = false
        isReset = from == nil
        let tenant = source.tenant.map { #""tenantId":"\#($0.text)","# } ?? ""
        let place = from == nil ? #""seq":\#(position.seq),"epoch":"\#(position.epoch)","# : ""
        text = ByteBuffer(
            string: #"{"type":"gap",\#(tenant)\#(place)"data":{"from":\#(from.map(String.init) ?? "null"),"to":\#(position.seq)}}"#)
    }

    init(_ item: EventWalk.Item, in source: EventSource, epoch: String) {
        switch item {
        case .event(let record): self.init(record)
        case .gap(let from, let to): self.init(gapIn: source, from: from, to: .init(epoch: epoch, seq: to))
        }
    }

    /// Whether a reader of its source wants it; nobody is spared a gap.
    func isAdmitted(by filter: EventFilter) -> Bool { type == "gap" || filter.admits(type: type, isUnenforced: isUnenforced) }
}
