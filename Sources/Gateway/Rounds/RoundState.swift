import Governance
import Macaroons

/// What a call that waits for its agent is known by: all that any node needs to go on with it.
struct RoundState: Sendable, Hashable {
    /// Where the call goes on.
    enum Place: Sendable, Hashable {
        /// At its upstream, with the agent's input and this JSON string of the upstream's own, if it gave one.
        case upstream([UInt8]?)
        /// At its upstream from the beginning: the input reaches it in another way.
        case anew
        /// In this node, which has the upstream's answer to come.
        case node(NodeID)
    }

    let round: Round
    /// Of the agent that may answer.
    let principal: TokenID
    /// Of what was asked of the upstream.
    let request: Digest
    /// Unix milliseconds.
    let expires: Int64
    let price: Credits
    /// In the order in which they were charged; empty for a call without a hold.
    let accounts: [AccountName]
    let upstream: UpstreamName
    let place: Place
    /// What the agent is to be warned of in the call's result.
    var warning: String?
}

// MARK: Bytes

extension RoundState {
    /// Its fields one after the other, each behind its length.
    var bytes: [UInt8] {
        let (kind, detail): (String, [UInt8]) =
            switch place {
            case .upstream(let state?): ("s", state)
            case .upstream(nil): ("u", [])
            case .anew: ("a", [])
            case .node(let node): ("n", Array(node.text.utf8))
            }
        let texts = [
            round.call.text, String(round.number), principal.text, request.hex, String(expires), String(price.micros),
            accounts.map(\.text).joined(separator: " "), upstream.text, round.record?.text ?? "", kind, warning ?? "",
        ]
        var out: [UInt8] = []
        for field in texts.map({ Array($0.utf8) }) + [detail] {
            for shift in [24, 16, 8, 0] { out.append(UInt8(truncatingIfNeeded: field.count >> shift)) }
            out += field
        }
        return out
    }

    /// Reads `bytes` back; nil for anything else.
    init?(_ bytes: some Collection<UInt8>, of tenant: TenantName) {
        guard let fields = Self.fields(of: bytes), fields.count == 12 else { return nil }
        let texts = fields[..<11].map { String(decoding: $0, as: UTF8.self) }
        let accounts = texts[6].split(separator: " ").compactMap { AccountName($0) }
        guard let call = CallID(texts[0]), let number = Int(texts[1]), (1...Round.most).contains(number),
            let principal = TokenID(texts[2]), let request = Digest(hex: Array(texts[3].utf8)), let expires = Int64(texts[4]),
            let price = Int64(texts[5]).flatMap({ Credits(micros: $0) }), let upstream = UpstreamName(texts[7]),
            let place = Place(texts[9], fields[11]), accounts.map(\.text).joined(separator: " ") == texts[6]
        else { return nil }
        let record = RecordName(texts[8])
        guard record != nil || texts[8].isEmpty else { return nil }
        // A record has a hold, be it of nothing.
        let round = Round(call: call, tenant: tenant, number: number, isHeld: !accounts.isEmpty || record != nil, record: record)
        self.init(
            round: round, principal: principal, request: request, expires: expires, price: price, accounts: accounts, upstream: upstream,
            place: place, warning: texts[10].isEmpty ? nil : texts[10])
    }

    private static func fields(of bytes: some Collection<UInt8>) -> [[UInt8]]? {
        var fields: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 4 + length else { return nil }
            fields.append(Array(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        return fields
    }
}

extension RoundState.Place {
    fileprivate init?(_ kind: String, _ detail: [UInt8]) {
        switch (kind, detail.isEmpty) {
        case ("s", false): self = .upstream(detail)
        case ("u", true): self = .upstream(nil)
        case ("a", true): self = .anew
        case ("n", _):
            guard let node = NodeID(String(decoding: detail, as: UTF8.self)) else { return nil }
            self = .node(node)
        default: return nil
        }
    }
}
