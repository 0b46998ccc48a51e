extension Outgoing {
    /// A value in a result of the gateway's own methods.
    package enum Value: Sendable {
        case text(String)
        /// A decimal text, written as a number.
        case decimal(String)
        case integer(Int64)
        case nothing
        case list([[(String, Value)]])
    }

    /// A result of these members; `responder` where there is no handshake.
    package static func membersResult(id: RequestID, _ members: [(String, Value)], by responder: Responder? = nil) -> [UInt8] {
        result(id) { out in
            append(members, to: &out)
            guard let responder else { return }
            out.removeLast()
            JSONText.append(raw: ",", to: &out)
            responder.append(to: &out)
            out.append(UInt8(ascii: "}"))
        }
    }

    private static func append(_ members: [(String, Value)], to out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            JSONText.append(string: member.0, to: &out)
            out.append(UInt8(ascii: ":"))
            append(member.1, to: &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    private static func append(_ value: Value, to out: inout [UInt8]) {
        switch value {
        case .text(let text): JSONText.append(string: text, to: &out)
        case .decimal(let text): JSONText.append(decimal: text, to: &out)
        case .integer(let number): out += String(number).utf8
        case .nothing: JSONText.append(raw: "null", to: &out)
        case .list(let rows):
            out.append(UInt8(ascii: "["))
            for (index, row) in rows.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                append(row, to: &out)
            }
            out.append(UInt8(ascii: "]"))
        }
    }
}
