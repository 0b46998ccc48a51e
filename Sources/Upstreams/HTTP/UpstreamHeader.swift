/// What a header of a tenant's document may be called and hold.
package enum UpstreamHeader {
    /// Headers that are the gateway's to send; a document that names one is refused.
    private static let reserved: Set<String> = [
        "host", "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
        "accept", "accept-encoding", "mcp-session-id", "mcp-protocol-version", "mcp-method", "mcp-name", "last-event-id",
    ]

    /// True for a token (RFC 9110 §5.6.2) that is not the gateway's own to send.
    package static func isName(_ name: String) -> Bool {
        guard !name.isEmpty, !reserved.contains(name.lowercased()) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
    }

    /// True where no control character but the tab is in it.
    package static func isValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}
