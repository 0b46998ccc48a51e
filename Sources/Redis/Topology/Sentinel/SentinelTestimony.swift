/// What a sentinel says when it is asked.
struct SentinelTestimony: Sendable, Equatable {
    /// Which one it is, however it is reached; nil where it does not tell.
    var id: String?
    /// Where the master is; nil: it knows none of that name.
    var master: ServerAddress?
    /// The other sentinels that it knows, by id.
    var others: [String: ServerAddress] = [:]

    /// More than anyone has.
    private static let most = 64

    /// What it is asked.
    static func questions(of master: String) -> [[RedisArgument]] {
        [["SENTINEL", "GET-MASTER-ADDR-BY-NAME", .text(master)], ["SENTINEL", "MYID"], ["SENTINEL", "SENTINELS", .text(master)]]
    }

    init(id: String? = nil, master: ServerAddress?, others: [String: ServerAddress] = [:]) {
        self.id = id
        self.master = master
        self.others = others
    }

    /// Reads the answers; nil where there is none to the first question, or none that a sentinel gives.
    init?(_ answers: [Result<RedisValue, RedisError>]) {
        guard answers.count == 3, case .success(let master) = answers[0] else { return nil }
        switch master {
        case .null: self.master = nil
        case .array(let parts):
            guard parts.count == 2, let address = Self.address(parts[0].text, parts[1].text) else { return nil }
            self.master = address
        default: return nil
        }
        // One that does not say who it is cannot be told from those that others list.
        guard case .success(.string(let bytes)) = answers[1], !bytes.isEmpty else { return }
        id = String(decoding: bytes, as: UTF8.self)
        guard case .success(.array(let entries)) = answers[2] else { return }
        for entry in entries.prefix(Self.most) { add(entry) }
    }

    private mutating func add(_ entry: RedisValue) {
        let words = entry.elements?.map { $0.text ?? "" } ?? []
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2) { fields[words[index]] = words[index + 1] }
        guard let id = fields["runid"], !id.isEmpty, let address = Self.address(fields["ip"], fields["port"]) else { return }
        others[id] = address
    }

    /// Addresses are taken as told, names too.
    private static func address(_ host: String?, _ port: String?) -> ServerAddress? {
        guard let host, (1...255).contains(host.utf8.count), host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        guard let port = port.flatMap(Int.init), (1...65_535).contains(port) else { return nil }
        return ServerAddress(host: host, port: port)
    }
}
