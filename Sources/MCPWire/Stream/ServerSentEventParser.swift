/// Reads an event stream by the rules of the HTML standard, in whatever pieces it comes: a leading byte order mark, lines ended by CR, LF
/// or CRLF, comments, fields without a colon; an event without data is none.
package struct ServerSentEventParser: Sendable {
    private let limit: Int
    private var line: [UInt8] = []
    private var data: [UInt8]?
    private var name: String?
    private var eventRetry: Int?
    private var skipsLineFeed = false
    private var isAtStart = true
    /// The last id read, of an event that may not be whole yet.
    private var idSoFar: String?

    /// The id of the last whole event that gave one: what a client that comes back has seen.
    package private(set) var lastEventID: String?
    /// The milliseconds the stream last asked to wait before coming back.
    package private(set) var retry: Int?

    /// `limit`: bytes of an event's data so far and of the line being read, together.
    package init(limit: Int) { self.limit = limit }

    /// Takes the next bytes and answers the events they complete; throws when an event passes the limit, after which the stream is lost.
    package mutating func push(_ bytes: some Sequence<UInt8>) throws(WireError) -> [ServerSentEvent] {
        let done: Result<[ServerSentEvent], WireError>? = bytes.withContiguousStorageIfAvailable { storage in
            do throws(WireError) {
                return .success(try push(UnsafeRawBufferPointer(storage)))
            } catch {
                return .failure(error)
            }
        }
        if let done { return try done.get() }
        return try push(Array(bytes))
    }

    /// Takes the next bytes and answers the events they complete.
    package mutating func push(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        var start = 0
        if skipsLineFeed, let first = bytes.first {
            if first == 0x0A { start = 1 }
            skipsLineFeed = false
        }
        while start < bytes.count {
            let end = LineScan.end(in: bytes, from: start)
            guard line.count + end - start + (data?.count ?? 0) <= limit else { throw .malformed }
            line.append(contentsOf: bytes[start..<end])
            guard end < bytes.count else { return events }
            if let event = endLine() { events.append(event) }
            start = end + 1
            guard bytes[end] == 0x0D else { continue }
            if start == bytes.count { skipsLineFeed = true } else if bytes[start] == 0x0A { start += 1 }
        }
        return events
    }

    /// Takes in the finished line; answers the event it ends.
    private mutating func endLine() -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: line.capacity <= 65536) }
        if isAtStart {
            isAtStart = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return endEvent() }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            field(line[...], [])
            return nil
        }
        let value = line[(colon + 1)...]
        field(line[..<colon], value.first == 0x20 ? value.dropFirst() : value)
        return nil
    }

    private mutating func field(_ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        switch String(decoding: key, as: UTF8.self) {
        case "data":
            if data == nil { data = Array(value) } else { data?.append(contentsOf: [0x0A] + value) }
        case "event": name = String(decoding: value, as: UTF8.self)
        case "id": if !value.contains(0) { idSoFar = value.isEmpty ? nil : String(decoding: value, as: UTF8.self) }
        case "retry":
            guard !value.isEmpty, value.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return }
            eventRetry = Int(String(decoding: value, as: UTF8.self))
            retry = eventRetry ?? retry
        default: break
        }
    }

    /// The event that the empty line completes; nil when no line gave it data.
    private mutating func endEvent() -> ServerSentEvent? {
        defer { (data, name, eventRetry) = (nil, nil, nil) }
        lastEventID = idSoFar
        guard let data else { return nil }
        return ServerSentEvent(id: lastEventID, name: name?.isEmpty == true ? nil : name, data: data, retry: eventRetry)
    }
}
