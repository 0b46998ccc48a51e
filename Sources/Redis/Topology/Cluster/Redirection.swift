/// Where a server of a cluster says that a slot is to be asked for, as of MOVED and ASK.
struct Redirection: Hashable {
    enum Kind: String {
        /// The slot is that server's from now on.
        case moved = "MOVED"
        /// The slot is just moving there: what the command needs is there already, or is not there at all.
        case ask = "ASK"
    }

    let kind: Kind
    let slot: HashSlot
    let address: ServerAddress

    /// Reads `MOVED 3999 host:port`; an empty host is the one that was asked. Nil for anything else, and for `?`: a host that nobody knows.
    init?(_ message: String, asked host: String) {
        let words = message.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, let kind = Kind(rawValue: String(words[0])), let number = UInt16(words[1]),
            let slot = HashSlot(number: number),
            let colon = words[2].lastIndex(of: ":"),
            let address = ServerAddress(told: words[2][..<colon], port: Int64(words[2][words[2].index(after: colon)...]), asked: host)
        else { return nil }
        self.kind = kind
        self.slot = slot
        self.address = address
    }
}

extension ServerAddress {
    /// What a server says of where another listens: no host at all is that of the one who was asked. Nil where it cannot be an address.
    init?(told host: (some StringProtocol)?, port: Int64?, asked: String) {
        guard let port, (1...65_535).contains(port) else { return nil }
        guard let host, !host.isEmpty else {
            self.init(host: asked, port: Int(port))
            return
        }
        guard host != "?", host.utf8.count <= 255, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        self.init(host: String(host), port: Int(port))
    }
}
