package import Governance
import MCPWire
package import Upstreams

/// How an upstream's record is kept: its fields in a fixed order behind the format's number, definitions byte for byte.
///
/// There is one spelling of each record: what decodes encodes to the same bytes.
package enum UpstreamRecordCodec {
    /// 1 of records of tools alone, 2 with other lists behind the tools; 3 and 4 are the same with instructions in front of the tools.
    private static func format(of record: UpstreamRecord) -> UInt8 {
        (record.others.isEmpty ? 1 : 2) + (record.instructions == nil ? 0 : 2)
    }

    /// The record as bytes.
    package static func encode(_ record: UpstreamRecord) -> [UInt8] {
        var out = RecordWriter()
        out.byte(format(of: record))
        out.text(record.document)
        writeStanding(of: record, to: &out)
        out.optional(record.terms) { $0.text(SessionTermsText.text(of: $1)) }
        out.text(record.node.text)
        out.optional(record.server) { $0.text($1) }
        out.optional(record.listedAt) { $0.integer($1) }
        out.flag(record.isWithdrawn)
        out.optional(record.latency) { $0.integer($1) }
        out.optional(record.lastFailure) { out, failure in
            out.text(failure.reason)
            out.integer(failure.at)
        }
        if let instructions = record.instructions { out.text(instructions) }
        out.integer(Int64(record.tools.count))
        for tool in record.tools { out.blob(tool.bytes) }
        if !record.others.isEmpty { write(record.others, to: &out) }
        out.integer(Int64(record.pins.count))
        for (tool, pin) in record.pins.sorted(by: { inOrder($0.key, $1.key) }) {
            out.text(tool)
            out.text(pin)
        }
        return out.bytes
    }

    /// Reads the bytes back; throws `corrupt` for any others.
    package static func decode(_ bytes: [UInt8]) throws(StoreError) -> UpstreamRecord {
        var reader = RecordReader(bytes)
        let written = try reader.byte()
        guard (1...4).contains(written) else { throw .corrupt("a record of another format") }
        let document = try reader.text()
        let (standing, since) = try readStanding(&reader)
        let terms = try reader.optional { reader throws(StoreError) in try SessionTermsText.terms(Array(try reader.text().utf8)) }
        var record = UpstreamRecord(document: document, standing: standing, since: since, node: try readNode(&reader))
        record.terms = terms
        record.server = try reader.optional { reader throws(StoreError) in try reader.text() }
        record.listedAt = try reader.optional { reader throws(StoreError) in try reader.integer() }
        record.isWithdrawn = try reader.flag()
        record.latency = try reader.optional { reader throws(StoreError) in try reader.integer() }
        record.lastFailure = try reader.optional { reader throws(StoreError) in
            UpstreamRecord.Failure(reason: try reader.text(), at: try reader.integer())
        }
        if written > 2 { record.instructions = try reader.text() }
        record.tools = try readTools(&reader)
        if written.isMultiple(of: 2) { record.others = try readLists(&reader) }
        record.pins = try readPins(&reader)
        guard reader.isAtEnd else { throw .corrupt("a record too long") }
        return record
    }
}

extension UpstreamRecordCodec {
    private static func writeStanding(of record: UpstreamRecord, to out: inout RecordWriter) {
        switch record.standing {
        case .up: out.flag(false)
        case .down(let reason):
            out.flag(true)
            out.text(reason)
        }
        out.integer(record.since)
    }

    private static func readStanding(_ reader: inout RecordReader) throws(StoreError) -> (UpstreamRecord.Standing, since: Int64) {
        let standing: UpstreamRecord.Standing = try reader.flag() ? .down(reason: try reader.text()) : .up
        return (standing, try reader.integer())
    }

    private static func readNode(_ reader: inout RecordReader) throws(StoreError) -> NodeID {
        guard let node = NodeID(try reader.text()) else { throw .corrupt("a record's node") }
        return node
    }

    private static func readTools(_ reader: inout RecordReader) throws(StoreError) -> [ToolDefinition] {
        let count = try reader.count()
        var tools: [ToolDefinition] = []
        tools.reserveCapacity(min(count, 10_000))
        for _ in 0..<count {
            let bytes = try reader.blob()
            guard let tool = try? ToolDefinition(bytes), tool.bytes == bytes else { throw .corrupt("a tool's definition") }
            tools.append(tool)
        }
        return tools
    }

    private static func write(_ lists: [Listing: [ListedDefinition]], to out: inout RecordWriter) {
        for listing in Listing.allCases {
            let items = lists[listing] ?? []
            out.integer(Int64(items.count))
            for item in items { out.blob(item.bytes) }
        }
    }

    private static func readLists(_ reader: inout RecordReader) throws(StoreError) -> [Listing: [ListedDefinition]] {
        var lists: [Listing: [ListedDefinition]] = [:]
        for listing in Listing.allCases {
            for _ in 0..<(try reader.count()) {
                let bytes = try reader.blob()
                guard let item = try? ListedDefinition(bytes, in: listing), item.bytes == bytes else { throw .corrupt("a definition") }
                lists[listing, default: []].append(item)
            }
        }
        guard !lists.isEmpty else { throw .corrupt("a record's lists") }
        return lists
    }

    private static func readPins(_ reader: inout RecordReader) throws(StoreError) -> [String: String] {
        let count = try reader.count()
        var pins: [String: String] = [:]
        var last: String?
        for _ in 0..<count {
            let tool = try reader.text()
            // Names that differ in bytes may still be equal as texts.
            guard last.map({ inOrder($0, tool) }) ?? true, pins.updateValue(try reader.text(), forKey: tool) == nil else {
                throw .corrupt("a record's pins")
            }
            last = tool
        }
        return pins
    }

    /// By the bytes of UTF-8.
    private static func inOrder(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }
}
