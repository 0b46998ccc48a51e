/// The header fields that decide something here: recognized once, while a head is read.
package enum KnownField: UInt8, Sendable, CaseIterable {
    // What they say of the message around them is all that is read of these.
    case expect, connection, upgrade, contentLength, proxyConnection, transferEncoding
    // Where the values of these stand is kept.
    case host, accept, origin, contentType, contentEncoding, authorization, lastEventID, sessionID, protocolVersion, idempotencyKey
    case traceParent
    case mcpMethod, mcpName
    /// Any of those whose name begins with `Mcp-Param-`.
    case mcpParameter

    /// Those whose places are kept come last.
    static let firstKept = KnownField.host.rawValue
    /// Its place is kept.
    var isKept: Bool { rawValue >= Self.firstKept }

    /// Nil for any other name; letters may be of either case.
    init?(_ name: UnsafeRawBufferPointer) {
        // The length of a name tells most of them apart before a letter is compared.
        let found: KnownField? =
            switch name.count {
            case 4: name.names("host") ? .host : nil
            case 6: name.names("accept") ? .accept : name.names("origin") ? .origin : name.names("expect") ? .expect : nil
            case 7: name.names("upgrade") ? .upgrade : nil
            case 8: name.names("mcp-name") ? .mcpName : nil
            case 10: name.names("connection") ? .connection : name.names("mcp-method") ? .mcpMethod : nil
            case 11: name.names("traceparent") ? .traceParent : nil
            case 12: name.names("content-type") ? .contentType : nil
            case 13: name.names("authorization") ? .authorization : name.names("last-event-id") ? .lastEventID : nil
            case 14: name.names("content-length") ? .contentLength : name.names("mcp-session-id") ? .sessionID : nil
            case 15: name.names("idempotency-key") ? .idempotencyKey : nil
            case 16: name.names("proxy-connection") ? .proxyConnection : name.names("content-encoding") ? .contentEncoding : nil
            case 17: name.names("transfer-encoding") ? .transferEncoding : nil
            case 20: name.names("mcp-protocol-version") ? .protocolVersion : nil
            default: nil
            }
        if let found {
            self = found
            return
        }
        guard name.count > 10, UnsafeRawBufferPointer(rebasing: name[..<10]).names("mcp-param-"), name[10...].allSatisfy(Octet.isToken)
        else { return nil }
        self = .mcpParameter
    }
}

extension UnsafeRawBufferPointer {
    /// True where the bytes are this lower-case name, of letters and hyphens and at least four long, in any case. Then they are a token.
    @inline(__always)
    fileprivate func names(_ name: StaticString) -> Bool {
        guard count == name.utf8CodeUnitCount else { return false }
        let name = UnsafeRawPointer(name.utf8Start)
        // Eight or four bytes at a time, the last ones with some of those before them again.
        if count < 8 { return lowered(UInt32.self, name, at: 0) && lowered(UInt32.self, name, at: count - 4) }
        var place = 0
        while place < count - 8 {
            guard lowered(UInt64.self, name, at: place) else { return false }
            place += 8
        }
        return lowered(UInt64.self, name, at: count - 8)
    }

    @inline(__always)
    private func lowered<Word: FixedWidthInteger>(_: Word.Type, _ name: UnsafeRawPointer, at place: Int) -> Bool {
        let wanted = name.loadUnaligned(fromByteOffset: place, as: Word.self)
        // The bit that makes a letter small, where a letter is wanted: of a hyphen it would make one of a carriage return.
        let small = wanted &>> 1 & Word(truncatingIfNeeded: 0x2020_2020_2020_2020 as UInt64)
        return loadUnaligned(fromByteOffset: place, as: Word.self) | small == wanted
    }
}
